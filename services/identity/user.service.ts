/** User - a person of the agency or of a partner, with the roles that an administrator gave. */
import type { ServiceSchema } from "moleculer";
import { GivenPasswords } from "../../mixins/identity/given-passwords.ts";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, consult, defined, email, id, invariant, matching, optional, type ParamsOf, password } from "../../model/index.ts";
import { ADMINISTRATOR, KEEPER, PROCESS } from "../../model/index.ts";
import { sameJson, type Situation, someOf, text, type Unknown } from "../../model/index.ts";
import { type StaffRole, staffRoles } from "../../model/access.ts";

// -- State: what it remembers ------------------------------------------------
interface Known {
	readonly status: "active" | "suspended";
	readonly created: Profile & Partial<Secret>;
	readonly roles: readonly StaffRole[];
	/** Hash of the password; null while there is none, so that nothing logs in with one. */
	readonly secret: string | null;
	/** Rises with each change that makes open sessions void. */
	readonly epoch: number;
}
type User = Unknown | Known;

// -- Facts: stored permanently, so never renamed, extended with care ------------
interface Profile {
	/** Login name, in lowercase. */
	readonly login: string;
	readonly name: string;
	readonly email: string;
	readonly roles: readonly StaffRole[];
	/** The agency that he or she works for. */
	readonly agency?: string;
}
/** The hash of a password; no answer and no feed shows it. */
interface Secret {
	readonly secret: string;
}
export interface UserFacts {
	/** The person can log in, if there is a password. */
	"user.registered": Profile & Partial<Secret>;
	/** The person has these roles instead of those before; open sessions are void. */
	"user.rolesChanged": { roles: readonly StaffRole[] };
	/** The person cannot log in; open sessions are void. */
	"user.suspended": { reason: string };
	/** The person can log in again. */
	"user.reinstated": Record<never, never>;
	/** The person logs in with this password from now on; open sessions are void. */
	"user.passwordReset": Secret;
	/** The same password was hashed with stronger parameters; sessions stay open. */
	"user.passwordRehashed": Secret;
}

const { ask, command, define, fact } = aggregate<User, UserFacts>();

// -- Invariants ------------------------------------------------------------------
const hasOwnLogin = invariant(
	"LOGIN_TAKEN",
	"A login name belongs to one user",
	({ id: own, consulted }: Situation<Unknown, unknown, { readonly claim: { readonly user: string } }>) => consulted.claim.user === own,
	{ then: "Choose another login name." },
);

// -- The model -------------------------------------------------------------------
const rolesOf = someOf(...staffRoles);
const registration = {
	id: id(),
	/** Name to log in with; capitals count as small letters. */
	login: matching(/^[A-Za-z0-9._@+-]{1,64}$/, "1-64 of `A-Z a-z 0-9 . _ @ + -`, but not `.` or `..`"),
	/** First and last name. */
	name: text(),
	email: email(),
	roles: rolesOf,
	password: optional(password(), "none: the person cannot log in with one"),
	/** The agency that he or she works for. */
	agency: optional(id()),
};
type Registration = ParamsOf<typeof registration>;
const registered = ({ login, name, email: address, roles, agency, password: secret }: Registration): Known["created"] =>
	defined({ login, name, email: address, roles, agency, secret });
const personal = ["login", "name", "email"] as const;

export const user = define({
	name: "user",
	plural: "users",
	context: "identity",
	statuses: { active: "the person can log in", suspended: "the person cannot log in" },
	begins: ["user.registered"],
	personal: { "user.registered": { fields: personal } },
	reads: KEEPER,
	commands: {
		/** Registers a person with roles. */
		register: command(registration, {
			may: { ...ADMINISTRATOR, ...PROCESS }, // no administrator registers the first one
			allowedIn: ["unknown"],
			normalise: (params) => ({ ...params, login: params.login.toLowerCase() }),
			already: (state, params) => sameJson(state.created, registered(params)),
			consult: { claim: consult("login.holder", ({ login }: Registration) => ({ id: login })) },
			require: [hasOwnLogin],
			decide: (_unknown, params) => [fact("user.registered", registered(params))],
		}),
		/** Replaces all roles; open sessions are void. */
		changeRoles: command(
			{ id: id(), roles: rolesOf },
			{
				may: ADMINISTRATOR,
				allowedIn: ["active", "suspended"],
				already: (state, { roles }) => sameJson(state.roles, roles),
				decide: (_state, { roles }) => [fact("user.rolesChanged", { roles })],
			},
		),
		/** Stops the person from logging in; open sessions are void. */
		suspend: command(
			{ id: id(), reason: text(1000) },
			{
				may: ADMINISTRATOR,
				allowedIn: ["active"],
				already: ({ status }) => status === "suspended",
				decide: (_active, { reason }) => [fact("user.suspended", { reason })],
			},
		),
		/** Lets the person log in again. */
		reinstate: command(
			{ id: id() },
			{
				may: ADMINISTRATOR,
				allowedIn: ["suspended"],
				already: ({ status }) => status === "active",
				decide: () => [fact("user.reinstated", {})],
			},
		),
		/** Sets a password; open sessions are void. The present password changes nothing. */
		resetPassword: command(
			{ id: id(), password: password() },
			{
				may: ADMINISTRATOR,
				allowedIn: ["active", "suspended"],
				already: (state, { password: secret }) => state.secret === secret,
				decide: (_state, { password: secret }) => [fact("user.passwordReset", { secret })],
			},
		),
		/** Replaces the hash of a password by a stronger one of the same password, unless the password was changed. */
		rehash: command(
			{ id: id(), before: text(), after: text() },
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["active", "suspended"],
				already: (state, { before, after }) => state.secret === after || state.secret !== before,
				decide: (_state, { after }) => [fact("user.passwordRehashed", { secret: after })],
			},
		),
	},
	asks: {
		/** Roles, epoch, and the hashes of the first and the present password. */
		account: ask({ id: id() }, PROCESS, ({ status, created, roles, secret, epoch }) => ({
			status,
			firstSecret: created.secret ?? null,
			secret,
			epoch,
			name: created.name,
			roles,
			...defined({ agency: created.agency }),
		})),
	},
	evolve: {
		"user.registered": (_unknown, created) => ({
			status: "active",
			created,
			roles: created.roles,
			secret: created.secret ?? null,
			epoch: 0,
		}),
		"user.rolesChanged": (state, { roles }) => ({ ...state, roles, epoch: state.epoch + 1 }),
		"user.suspended": (state) => ({ ...state, status: "suspended", epoch: state.epoch + 1 }),
		"user.reinstated": (state) => ({ ...state, status: "active" }),
		"user.passwordReset": (state, { secret }) => ({ ...state, secret, epoch: state.epoch + 1 }),
		"user.passwordRehashed": (state, { secret }) => ({ ...state, secret }),
	},
});

export default { name: user.name, mixins: [EventSourced(user, { guard: GivenPasswords("user") })] } satisfies ServiceSchema;
