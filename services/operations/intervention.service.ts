/** Intervention - an operator's decision to give up a command that a process parked, recorded permanently with the reason. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import type { DroppedWork } from "../../mixins/processes/interventions.ts";
import { aggregate, id, integer, matching, type ParamsOf, sameJson, text, type Unknown } from "../../model/index.ts";
import { OPERATOR, STAFF } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
type Intervention = Unknown | { readonly status: "dropped"; readonly said: DroppedWork };

// -- Facts: stored permanently, so never renamed and extended with care ---------
export interface InterventionFacts {
	/** An operator gave up a parked command; the process does not send it again. */
	"intervention.dropped": DroppedWork;
}

const { command, define, fact } = aggregate<Intervention, InterventionFacts>();

// -- The model -------------------------------------------------------------------
/** Id of the command to give up: `case-opening/subject/d-1/open`. */
const commandId = id(/^[\x21-\x7e]{1,300}$/, "id: 1-300 visible characters");
const drop = {
	id: commandId,
	process: matching(/^[a-z][a-z-]{0,63}$/),
	work: text(),
	action: text(),
	code: text(),
	detail: text(1000),
	attempts: integer(1, 1_000_000),
	reason: text(1000),
};
const dropped = ({ id: given, ...rest }: ParamsOf<typeof drop>): DroppedWork => ({ ...rest, command: given });

export const intervention = define({
	name: "intervention",
	plural: "interventions",
	context: "operations",
	id: commandId,
	statuses: { dropped: "the command is not sent any more" },
	begins: ["intervention.dropped"],
	reads: STAFF,
	commands: {
		/** Gives up a parked command permanently. Sent by the `drop` action of every process at an operator's request. */
		drop: command(drop, {
			internal: true,
			may: OPERATOR,
			allowedIn: ["unknown"],
			already: ({ said }, params) => sameJson(said, dropped(params)),
			decide: (_unknown, params) => [fact("intervention.dropped", dropped(params))],
		}),
	},
	asks: {},
	evolve: { "intervention.dropped": (_unknown, said) => ({ status: "dropped", said }) },
});

export default { name: intervention.name, mixins: [EventSourced(intervention)] } satisfies ServiceSchema;
