/** Login - a login name, which belongs to one user: two users never share one. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, type AskOf, id, invariant, optional, type Situation, type Unknown } from "../../model/index.ts";
import { KEEPER, PROCESS } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
type Login = Unknown | { readonly status: "claimed"; readonly user: string };

// -- Facts: stored permanently, so never renamed, extended with care ------------
export interface LoginFacts {
	/** The name belongs to this user from now on. */
	"login.claimed": { user: string };
}

const { ask, command, define, fact } = aggregate<Login, LoginFacts>();

// -- Invariants ------------------------------------------------------------------
const isFree = invariant(
	"LOGIN_MOVED",
	"A login name moves only from the user who has it",
	({ state, params }: Situation<Login, { readonly insteadOf?: string }>) => state.status === "unknown" || state.user === params.insteadOf,
	{ then: "Read who has it." },
);

// -- The model -------------------------------------------------------------------
/** Lowercase, so that names that differ only in case are the same name. */
const name = id(/^[a-z0-9._@+-]{1,64}$/, "id: 1-64 of `a-z 0-9 . _ @ + -`, but not `.` or `..`");

export const login = define({
	name: "login",
	plural: "logins",
	context: "identity",
	id: name,
	statuses: { claimed: "a user has this name" },
	begins: ["login.claimed"],
	reads: KEEPER,
	commands: {
		/** Gives the name to a user. Sent before the user is registered, who is only registered with a name of its own. */
		claim: command(
			{
				id: name,
				user: id(),
				/** The present user, who claimed the name but was never registered. */
				insteadOf: optional(id()),
			},
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["unknown", "claimed"],
				already: (state, { user }) => state.user === user,
				require: [isFree],
				decide: (_state, { user }) => [fact("login.claimed", { user })],
			},
		),
	},
	asks: {
		/** The user that the name belongs to. */
		holder: ask({ id: name }, PROCESS, ({ user }) => ({ user })),
	},
	evolve: { "login.claimed": (_state, { user }) => ({ status: "claimed", user }) },
});

declare module "../../model/define.ts" {
	interface Asks {
		"login.holder": AskOf<typeof login, "holder">;
	}
}

export default { name: login.name, mixins: [EventSourced(login)] } satisfies ServiceSchema;
