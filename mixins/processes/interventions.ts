/**
 * Interventions - a person's word on parked work reaches the process as a fact, like everything else it knows: whoever gave up a
 * command, and why, is in a log, and a process built anew hears it again.
 */
import type { Touch } from "../../model/index.ts";
import type { Subject } from "./rows.ts";

/** The context that keeps them, and its command; services/operations/intervention.service.ts. */
export const INTERVENTIONS = { log: "operations", drop: "intervention.drop" } as const;

/** What is given up: one command of one piece of work. */
export interface DroppedWork {
	/** Which process parked it: `case-opening`. */
	readonly process: string;
	/** Id of the piece of work. */
	readonly work: string;
	/** Id of the command. */
	readonly command: string;
	/** What it was to do: `infraction.open`. */
	readonly action: string;
	/** Why it was parked: the code of the refusal, or `FAILED`. */
	readonly code: string;
	readonly detail: string;
	/** How often it was asked for. */
	readonly attempts: number;
	/** Why it is given up, in the words of who does so. */
	readonly reason: string;
}

/** How one process hears of them. */
export const interventionsOf = (process: string): Readonly<Record<string, unknown>> => ({
	"intervention.dropped": {
		row: ({ process: of, work }) => (of === process ? work : null),
		fold: (row, { command }) => ({ subject: null, ...row, dropped: [...(row?.dropped ?? []), command] }),
	} satisfies Touch<Subject, DroppedWork>,
});
