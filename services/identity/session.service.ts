/** Session - one login of a user. It ends by itself after a time without use, and after its lifetime. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, id, type Instant, instant, instantAfter, integer, sameJson, type Unknown } from "../../model/index.ts";
import { KEEPER, PROCESS } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
type Session = Unknown | { readonly status: "open" | "ended"; readonly opened: SessionFacts["session.opened"]; readonly usedAt: Instant };

// -- Facts: stored permanently, so never renamed, extended with care ------------
export interface SessionFacts {
	/** A user logged in. Its instants are those of the machine, also if the system has a manual clock. */
	"session.opened": {
		user: string;
		/** The epoch of the user then; the session is void in any later one. */
		epoch: number;
		from: Instant;
		/** End of its lifetime. */
		until: Instant;
	};
	/** The user used it; recorded at most once a minute. */
	"session.used": { at: Instant };
	/** The user logged out, or ended it from elsewhere. */
	"session.ended": Record<never, never>;
}

const { ask, command, define, fact } = aggregate<Session, SessionFacts>();

// -- The model -------------------------------------------------------------------
export const session = define({
	name: "session",
	plural: "sessions",
	context: "identity",
	statuses: { open: "it can be used until its end", ended: "the user has ended it" },
	begins: ["session.opened"],
	reads: KEEPER,
	commands: {
		/** Opens a session. */
		open: command(
			{ id: id(), user: id(), epoch: integer(0, Number.MAX_SAFE_INTEGER), from: instant(), until: instantAfter("from") },
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["unknown"],
				already: ({ opened }, { id: _id, ...given }) => sameJson(opened, given),
				decide: (_unknown, { user, epoch, from, until }) => [fact("session.opened", { user, epoch, from, until })],
			},
		),
		/** Records that it was used. */
		use: command(
			{ id: id(), at: instant() },
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["open"],
				already: ({ status, usedAt }, { at }) => status === "open" && at <= usedAt,
				decide: (_open, { at }) => [fact("session.used", { at })],
			},
		),
		/** Ends it at once. */
		end: command(
			{ id: id() },
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["open"],
				already: ({ status }) => status === "ended",
				decide: () => [fact("session.ended", {})],
			},
		),
	},
	asks: {
		/** The user, the limits, and the last recorded use. */
		standing: ask({ id: id() }, PROCESS, ({ status, opened, usedAt }) => ({ status, usedAt, ...opened })),
	},
	evolve: {
		"session.opened": (_unknown, opened) => ({ status: "open", opened, usedAt: opened.from }),
		"session.used": (state, { at }) => ({ ...state, usedAt: at }),
		"session.ended": (state) => ({ ...state, status: "ended" }),
	},
});

export default { name: session.name, mixins: [EventSourced(session)] } satisfies ServiceSchema;
