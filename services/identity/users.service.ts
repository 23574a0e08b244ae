/** Users - the people who may log in, with their roles. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { type Instant, projection } from "../../model/index.ts";
import { KEEPER, PROCESS } from "../../model/index.ts";
import type { UserFacts } from "./user.service.ts";

type Row = Omit<UserFacts["user.registered"], "secret"> & {
	readonly status: "active" | "suspended";
	readonly registeredAt: Instant;
	/** Whether the person can log in with a password. */
	readonly hasPassword: boolean;
	/** The reason for the suspension. */
	readonly reason?: string;
};

export const users = projection<Row, UserFacts>({
	name: "users",
	of: "user",
	may: { ...KEEPER, ...PROCESS },
	follows: ["identity"],
	on: {
		"user.registered": (_none, { secret, ...profile }, { at }) => ({
			...profile,
			status: "active",
			registeredAt: at,
			hasPassword: secret !== undefined,
		}),
		"user.rolesChanged": (row, { roles }) => row && { ...row, roles },
		"user.suspended": (row, { reason }) => row && { ...row, status: "suspended", reason },
		"user.reinstated": (row) => row && reinstated(row),
		"user.passwordReset": (row) => row && { ...row, hasPassword: true },
		"user.passwordRehashed": (row) => row, // only its version
	},
	show: (row) => row,
	filters: ["status", "login", "email", "agency"],
	values: { status: ["active", "suspended"] },
	sorts: ["name", "login"],
	counted: ["status"],
	scattered: ["login", "email"],
});

const reinstated = ({ reason: _reason, ...row }: Row): Row => ({ ...row, status: "active" });

export default { name: users.name, mixins: [Projected(users)] } satisfies ServiceSchema;
