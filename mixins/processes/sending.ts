/** Sending - makes the runner of a process, which sends its commands to the services of the actors. */
import type { ServiceBroker } from "moleculer";
import type { AnyProcess } from "../../model/index.ts";
import { callingAs } from "../access/access.ts";
import { identityOf } from "./identity.ts";
import { failed, type Item, type Outcome } from "../actors/outcome.ts";
import { callMany } from "../cluster/placement.ts";
import { clockOf } from "../common/clock.ts";
import { nodeTimers } from "../common/timers.ts";
import { storageOf } from "../logs/storage.ts";
import { type Batches, CAUGHT_UP, type Send } from "./outbox.ts";
import { processTableOf } from "./rows.ts";
import { ProcessRunner } from "./runner.ts";

/** Another way to send the commands of a process. */
export interface SendOptions {
	readonly batches?: Batches;
	/** `send`: the usual way, to the services of the actors. */
	readonly sendWith?: (broker: ServiceBroker, send: Send) => Send;
}

export async function makeRunner(broker: ServiceBroker, manager: AnyProcess, options: SendOptions): Promise<ProcessRunner> {
	const identity = identityOf(manager);
	const send = (action: string, items: readonly Item[]) =>
		callMany(broker, `${action}Many`, items, (own) =>
			broker
				.call<readonly Outcome[], { items: readonly Item[] }>(`${action}Many`, { items: own }, callingAs(broker, identity))
				.catch((error: unknown) => own.map((): Outcome => failed(error))),
		);
	const table = await storageOf(broker).rows.open(processTableOf(manager));
	const way = options.sendWith?.(broker, send) ?? send;
	return new ProcessRunner(manager, table, way, nodeTimers, () => clockOf(broker).now(), options.batches ?? CAUGHT_UP);
}
