/** Clock - the manual clock of a system for training, demonstrations and tests (`CLOCK=manual:...`): people advance it, and it never goes back. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { ManualClock } from "../../mixins/cluster/manual-clock.ts";
import { aggregate, id, type Instant, instant, invariant, type Unknown } from "../../model/index.ts";
import { STAFF } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
type Clock = Unknown | { readonly status: "advanced"; readonly now: Instant };

// -- Facts: stored permanently, so never renamed, extended with care ------------
export interface ClockFacts {
	/** From now on, the time of the system is this instant. */
	"clock.advanced": { to: Instant };
}

const { command, define, fact } = aggregate<Clock, ClockFacts>();

// -- Invariants ------------------------------------------------------------------
const goesForward = invariant(
	"CLOCK_BEHIND",
	"The clock never goes back",
	({ params, now }: { readonly params: { readonly to: Instant }; readonly now: Instant }) => params.to >= now,
	{ then: "Advance it to a later instant." },
);

// -- The model -------------------------------------------------------------------
const only = id(/^system$/, "id: system");

export const clock = define({
	name: "clock",
	plural: "clocks",
	context: "operations",
	id: only,
	statuses: { advanced: "it has been advanced at least once" },
	begins: ["clock.advanced"],
	reads: { ...STAFF, node: "all" },
	commands: {
		/** Advances the manual clock; all nodes follow it. */
		advance: command(
			{ id: only, to: instant() },
			{
				internal: true,
				may: { operator: "all", administrator: "all" },
				allowedIn: ["unknown", "advanced"],
				already: (state, { to }) => state.now === to,
				require: [goesForward],
				decide: (_state, { to }) => [fact("clock.advanced", { to })],
			},
		),
	},
	asks: {},
	evolve: { "clock.advanced": (_state, { to }) => ({ status: "advanced", now: to }) },
});

export default { name: clock.name, mixins: [ManualClock(), EventSourced(clock)] } satisfies ServiceSchema;
