/** Backlogs - the work that a read model or process has not done yet, as its service reports it. */
import type { Service } from "moleculer";

export interface Backlog {
	/** The read model or process. */
	readonly name: string;
	/** Whether this node does the work; if not, `due` and `tail` are 0. */
	readonly onDuty: boolean;
	/** Commits that are not processed, and other work whose instant has come. */
	readonly due: number;
	/** Sum of the positions at the tails of all its logs: unchanged if nothing was appended. */
	readonly tail: number;
}
/** A service with a backlog. */
export interface Following extends Service {
	backlog(): Promise<Backlog>;
}
export const hasBacklog = (service: Service): service is Following => typeof service["backlog"] === "function";

export const standby = (name: string): Backlog => ({ name, onDuty: false, due: 0, tail: 0 });
