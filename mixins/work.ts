/** Work - what a process still has to do: what it asks for, what is open, what waits for a person; and whether it can keep its own rows. */
import { oneLine } from "../store/figures.ts";
import { type Health, healthOf } from "./following.ts";
import type { Give } from "./metric.ts";
import type { ProcessRunner } from "./process-runner.ts";
import { cacheFigures } from "./row-cache.ts";

export interface Work {
	/** Commands on their way. */
	readonly asking: number;
	/** Pieces of work that need one still, and those that wait for a person. */
	readonly open: number;
	readonly parked: number;
}

export async function workOf({ table, outbox }: ProcessRunner): Promise<Work> {
	const [open, parked] = await Promise.all([table.count({ state: "open" }), table.count({ state: "parked" })]);
	return { asking: outbox.size, open, parked };
}

/** What is parked waits for a person, and is no reason not to be ready: it is only told. */
export async function processHealth(runner: ProcessRunner): Promise<Health & Partial<Work>> {
	const { name } = runner.process;
	const health = healthOf(name, runner.followers);
	const { trouble } = runner.rows;
	try {
		const work = await workOf(runner);
		if (trouble === null || !health.ready) return { ...health, ...work };
		return { ...health, ...work, ready: false, reason: `${name} cannot write its rows: ${trouble}` };
	} catch (error) {
		return { ...health, ready: false, reason: health.reason ?? `${name} cannot read its rows: ${oneLine(error)}` };
	}
}

export async function processFigures(runner: ProcessRunner, give: Give): Promise<void> {
	const { name: process } = runner.process;
	cacheFigures(process, runner.rows.cache, give);
	give("vigie_process_asking", runner.outbox.size, { process });
	const { open, parked } = await workOf(runner);
	give("vigie_process_open", open, { process });
	give("vigie_process_parked", parked, { process });
}
