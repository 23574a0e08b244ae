/** Client - a machine that calls the system with a secret: a device, a partner's system, an automation. */
import type { ServiceSchema } from "moleculer";
import { MadeSecrets } from "../../mixins/identity/made-secrets.ts";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, defined, digest, id, invariant, madeSecret, optional, type ParamsOf, sameJson, someOf } from "../../model/index.ts";
import { ADMINISTRATOR, KEEPER, PROCESS } from "../../model/index.ts";
import { text, type Unknown } from "../../model/index.ts";
import { type ClientRole, clientRoles } from "../../model/access.ts";

// -- State: what it remembers ------------------------------------------------
interface Known {
	readonly status: "active" | "revoked";
	/** Null for a client that was only established. */
	readonly created: Profile | null;
	readonly profile: Profile;
	/** Digest of the secret that is valid now. */
	readonly secret: string;
	/** The number of secrets so far. */
	readonly secrets: number;
	/** Digests of all secrets that the environment has given, so that none of them comes back. */
	readonly established: readonly string[];
}
type Client = Unknown | Known;

// -- Facts: stored permanently, so never renamed, extended with care ------------
interface Profile {
	readonly name: string;
	readonly roles: readonly ClientRole[];
	/** The radar of a client with the role `device`. */
	readonly radar?: string;
	readonly agency?: string;
}
/** The digest of its secret; no answer and no feed shows it. */
interface Secret {
	readonly secret: string;
}
export interface ClientFacts {
	/** The machine can call the system with its secret. */
	"client.registered": Profile & Secret;
	/** The environment of a node gave it this secret (BOOTSTRAP_TOKEN); it is active, also after a revocation. */
	"client.established": Profile & Secret;
	/** It has a new secret; the one before is void. */
	"client.rotated": Secret;
	/** No secret of it is valid any more. */
	"client.revoked": { reason: string };
}

const { ask, command, define, fact } = aggregate<Client, ClientFacts>();

// -- Invariants ------------------------------------------------------------------
const deviceHasRadar = invariant(
	"DEVICE_WITHOUT_RADAR",
	"A client with the role device belongs to a radar",
	({ params }: { readonly params: { readonly roles: readonly ClientRole[]; readonly radar?: string } }) =>
		params.radar !== undefined || !params.roles.includes("device"),
	{ status: 422, then: "Name its radar." },
);

// -- The model -------------------------------------------------------------------
const profile = {
	/** Shown to people. */
	name: text(),
	roles: someOf(...clientRoles),
};
const registration = {
	id: id(),
	...profile,
	/** Id of the radar; required with the role `device`. */
	radar: optional(id()),
	/** The agency that it belongs to. */
	agency: optional(id()),
	secret: madeSecret(),
};
const profileOf = ({ name, roles, radar, agency }: ParamsOf<typeof registration>): Profile => defined({ name, roles, radar, agency });

export const client = define({
	name: "client",
	plural: "clients",
	context: "identity",
	statuses: { active: "it can call the system with its secret", revoked: "its secret is void" },
	begins: ["client.registered", "client.established"],
	reads: KEEPER,
	commands: {
		/** Registers a machine. The answer contains its secret, which cannot be read again. */
		register: command(registration, {
			may: ADMINISTRATOR,
			allowedIn: ["unknown"],
			already: ({ created }, params) => sameJson(created, profileOf(params)),
			require: [deviceHasRadar],
			decide: (_unknown, { secret, ...params }) => [fact("client.registered", { ...profileOf({ ...params, secret }), secret })],
			answers: "`secret`, once",
		}),
		/** Replaces its secret. The answer contains the new one, which cannot be read again; the one before is void at once. */
		rotate: command(
			{ id: id(), secret: madeSecret() },
			{
				may: ADMINISTRATOR,
				allowedIn: ["active"],
				already: ({ status, secret }, params) => status === "active" && secret === params.secret,
				decide: (_active, { secret }) => [fact("client.rotated", { secret })],
				answers: "`secret`, once",
			},
		),
		/** Makes its secret void for good. */
		revoke: command(
			{ id: id(), reason: text(1000) },
			{
				may: ADMINISTRATOR,
				allowedIn: ["active"],
				already: ({ status }) => status === "revoked",
				decide: (_active, { reason }) => [fact("client.revoked", { reason })],
			},
		),
		/** Gives it a secret from the environment of a node. A secret that it had before changes nothing. */
		establish: command(
			{ id: id(), ...profile, digest: digest() },
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["unknown", "active", "revoked"],
				already: ({ established }, params) => established.includes(params.digest),
				decide: (_state, { name, roles, digest: secret }) => [fact("client.established", { name, roles, secret })],
			},
		),
	},
	asks: {
		/** Its roles, and the digest of its secret. */
		account: ask({ id: id() }, PROCESS, ({ status, profile: known, secret, secrets }) => ({ status, secret, secrets, ...known })),
	},
	evolve: {
		"client.registered": (_unknown, { secret, ...known }) => ({
			status: "active",
			created: known,
			profile: known,
			secret,
			secrets: 1,
			established: [],
		}),
		"client.established": (state, { secret, ...known }) => ({
			status: "active",
			created: state.status === "unknown" ? null : state.created,
			profile: known,
			secret,
			secrets: state.status === "unknown" ? 1 : state.secrets + 1,
			established: [...(state.status === "unknown" ? [] : state.established), secret],
		}),
		"client.rotated": (state, { secret }) => ({ ...state, secret, secrets: state.secrets + 1 }),
		"client.revoked": (state) => ({ ...state, status: "revoked" }),
	},
});

export default { name: client.name, mixins: [EventSourced(client, { guard: MadeSecrets("client") })] } satisfies ServiceSchema;
