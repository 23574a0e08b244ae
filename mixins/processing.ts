/** Processing - turns a process into a Moleculer service that follows its logs, sends its commands, and can be asked how it is. */
import type { Context, Service, ServiceSchema } from "moleculer";
import type { AnyProcess } from "../model/index.ts";
import type { Item, Outcome } from "./event-sourced.ts";
import { healthOf, logsOf, PerService } from "./following.ts";
import { processTableOf } from "./process-rows.ts";
import { ProcessRunner } from "./process-runner.ts";
import { storageOf } from "./storage.ts";
import { every, nodeTimers } from "./timers.ts";

/** How often what is open is asked for again, in milliseconds. */
const RECOVER_EVERY = 5000;

const runners = new PerService<{ readonly runner: ProcessRunner; readonly stop: () => void }>();

export function Processing(process: AnyProcess): Partial<ServiceSchema> {
	return {
		metadata: { follows: process.follows },
		actions: {
			health: {
				handler(this: Service) {
					return healthOf(process.name, runners.of(this).runner.followers);
				},
			},
			/** What is on its way, open or waiting for a person. */
			work: {
				async handler(this: Service, _ctx: Context) {
					const { runner } = runners.of(this);
					const [open, parked] = await Promise.all([runner.table.count({ state: "open" }), runner.table.count({ state: "parked" })]);
					return { asking: runner.outbox.size, open, parked };
				},
			},
		},
		async started(this: Service) {
			const storage = storageOf(this.broker);
			const send = (action: string, items: readonly Item[]) =>
				this.broker.call<readonly Outcome[], { items: readonly Item[] }>(`${action}Many`, { items }, { meta: { by: process.name } });
			const runner = new ProcessRunner(process, await storage.rows.open(processTableOf(process)), send);
			await runner.start(await logsOf(storage, process.follows), (error) =>
				this.logger.error(`${process.name} has stopped: ${error.message}`),
			);
			const recover = () =>
				void runner.recover().catch((error: unknown) => this.logger.warn(`${process.name} could not look for open work: ${String(error)}`));
			runners.set(this, { runner, stop: every(nodeTimers, RECOVER_EVERY, recover) });
			this.broker.waitForServices([], 0).then(recover, recover);
		},
		async stopped(this: Service) {
			const running = runners.find(this);
			if (!running) return;
			running.stop();
			await running.runner.stop();
		},
	};
}
