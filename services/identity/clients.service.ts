/** Clients - the machines that may call the system, with their roles. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { type Instant, projection } from "../../model/index.ts";
import { KEEPER, PROCESS } from "../../model/index.ts";
import type { ClientFacts } from "./client.service.ts";

type Row = Omit<ClientFacts["client.registered"], "secret"> & {
	readonly status: "active" | "revoked";
	readonly registeredAt: Instant;
	/** When it got its present secret. */
	readonly secretAt: Instant;
	/** The reason for the revocation. */
	readonly reason?: string;
};

export const clients = projection<Row, ClientFacts>({
	name: "clients",
	of: "client",
	may: { ...KEEPER, ...PROCESS },
	follows: ["identity"],
	on: {
		"client.registered": (_none, { secret: _secret, ...profile }, { at }) => ({
			...profile,
			status: "active",
			registeredAt: at,
			secretAt: at,
		}),
		"client.established": (row, { secret: _secret, ...profile }, { at }) => ({
			...profile,
			status: "active",
			registeredAt: row?.registeredAt ?? at,
			secretAt: at,
		}),
		"client.rotated": (row, _data, { at }) => row && { ...row, secretAt: at },
		"client.revoked": (row, { reason }) => row && { ...row, status: "revoked", reason },
	},
	show: (row) => row,
	filters: ["status", "radar", "agency"],
	values: { status: ["active", "revoked"] },
	counted: ["status"],
	sorts: ["name"],
});

export default { name: clients.name, mixins: [Projected(clients)] } satisfies ServiceSchema;
