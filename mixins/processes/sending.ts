/** Sending - makes the runner of a process, which sends its commands to the services of the actors. */
import type { ServiceBroker } from "moleculer";
import type { AnyProcess } from "../../model/index.ts";
import { failed, type Item, type Outcome } from "../actors/outcome.ts";
import { callMany } from "../cluster/placement.ts";
import { clockOf } from "../common/clock.ts";
import { nodeTimers } from "../common/timers.ts";
import { storageOf } from "../logs/storage.ts";
import { processTableOf } from "./rows.ts";
import { ProcessRunner } from "./runner.ts";

export async function makeRunner(broker: ServiceBroker, process: AnyProcess): Promise<ProcessRunner> {
	const send = (action: string, items: readonly Item[]) =>
		callMany(broker, `${action}Many`, items, (own) =>
			broker
				.call<readonly Outcome[], { items: readonly Item[] }>(`${action}Many`, { items: own }, { meta: { by: process.name } })
				.catch((error: unknown) => own.map((): Outcome => failed(error))),
		);
	return new ProcessRunner(process, await storageOf(broker).rows.open(processTableOf(process)), send, nodeTimers, () =>
		clockOf(broker).now(),
	);
}
