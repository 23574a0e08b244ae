/** Health - the open work of a process, its metrics, and whether it can read and write its own rows. */
import { oneLine } from "../../store/figures.ts";
import { type Health, healthOf } from "../following/following.ts";
import type { Give } from "../common/metric-names.ts";
import type { ProcessRunner } from "./runner.ts";
import { cacheFigures } from "../following/row-cache.ts";

export interface Work {
	/** Commands sent and not yet answered. */
	readonly asking: number;
	/** Pieces of work that still need a command, and those that wait for an operator. */
	readonly open: number;
	readonly parked: number;
}

export async function workOf({ table, outbox }: ProcessRunner): Promise<Work> {
	const [open, parked] = await Promise.all([table.count({ state: "open" }), table.count({ state: "parked" })]);
	return { asking: outbox.size, open, parked };
}

/** Parked work waits for an operator and does not affect readiness. `failure`: why the node could not take or hand over its duty. */
export async function processHealth(runner: ProcessRunner, failure: string | null = null): Promise<Health & Partial<Work>> {
	const { name } = runner.process;
	const health = healthOf(name, runner.followers);
	const { trouble } = runner.rows;
	const reason = failure === null ? trouble && `${name} cannot write its rows: ${trouble}` : `${name} cannot work here: ${failure}`;
	try {
		const work = await workOf(runner);
		if (reason === null || !health.ready) return { ...health, ...work };
		return { ...health, ...work, ready: false, reason };
	} catch (error) {
		return { ...health, ready: false, reason: health.reason ?? `${name} cannot read its rows: ${oneLine(error)}` };
	}
}

export async function processFigures(runner: ProcessRunner, give: Give): Promise<void> {
	const labels = { process: runner.process.name };
	cacheFigures(labels.process, runner.rows.cache, give);
	give("vigie_process_asking", runner.outbox.size, labels);
	const { open, parked } = await workOf(runner);
	give("vigie_process_open", open, labels);
	give("vigie_process_parked", parked, labels);
}
