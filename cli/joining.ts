/** Joining - a node without services becomes one of a cluster, or says in one line that there is no NATS to meet the others at. */
import { setTimeout as pause } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { placeOf, SettingsError } from "./settings.ts";

/** How long NATS may take to answer, in milliseconds. */
const PATIENCE = 10_000;

export async function join(broker: ServiceBroker, natsUrl: string): Promise<void> {
	const late = new AbortController();
	const inTime = pause(PATIENCE, true, { signal: late.signal }).catch(() => true);
	try {
		const isLate = await Promise.race([broker.start().then(() => false), inTime]);
		if (isLate) throw new SettingsError(`no NATS answers at ${placeOf(natsUrl)} within ${PATIENCE / 1000} s`);
	} finally {
		late.abort();
	}
}
