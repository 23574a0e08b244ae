/**
 * Interventions - an operator's decision to drop a parked command reaches the process as a fact: the log keeps the operator and the
 * reason, and a rebuilt process reads the fact again.
 */
import type { Touch } from "../../model/index.ts";
import type { Subject } from "./rows.ts";

/** The context with the log of interventions, and its command; services/operations/intervention.service.ts. */
export const INTERVENTIONS = { log: "operations", drop: "intervention.drop" } as const;

/** A dropped command of one piece of work. */
export interface DroppedWork {
	/** The process that parked it: `case-opening`. */
	readonly process: string;
	/** Id of the piece of work. */
	readonly work: string;
	/** Id of the command. */
	readonly command: string;
	/** The action it calls: `infraction.open`. */
	readonly action: string;
	/** Why it was parked: the code of the refusal, or `FAILED`. */
	readonly code: string;
	readonly detail: string;
	/** How often it was sent. */
	readonly attempts: number;
	/** Why the operator drops it. */
	readonly reason: string;
}

/** The handlers that fold interventions into the rows of one process. */
export const interventionsOf = (process: string): Readonly<Record<string, unknown>> => ({
	"intervention.dropped": {
		row: ({ process: of, work }) => (of === process ? work : null),
		fold: (row, { command }) => ({ subject: null, ...row, dropped: [...(row?.dropped ?? []), command] }),
	} satisfies Touch<Subject, DroppedWork>,
});
