/** Joining - a node becomes one of a cluster, or says in one line why it cannot: nobody answers, NATS refuses it, or its name is taken. */
import { setTimeout as pause } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { NameTaken, NatsRefused, NatsTransporter } from "../mixins/nats.ts";
import { placeOf } from "./nats-access.ts";
import { SettingsError } from "./settings.ts";

/** How long NATS may take to answer who cannot wait, and whoever waits before it says so, in milliseconds. */
const PATIENCE = 10_000;
const LONELY = 5000;

/** Before anything else is opened or started: a node that may not join leaves no trace. Waits for NATS as long as it takes, and says that it does. */
export async function connected(broker: ServiceBroker, natsUrl: string): Promise<void> {
	const transporter = broker.transit?.tx;
	if (!(transporter instanceof NatsTransporter)) return;
	const place = placeOf(natsUrl);
	const lonely = setTimeout(
		() => broker.logger.warn(`NATS_URL: no connection to ${place}${transporter.trouble ? ` (${transporter.trouble})` : ""}; waiting`),
		LONELY,
	);
	try {
		await transporter.open();
	} catch (error) {
		if (error instanceof NatsRefused) throw new SettingsError(`NATS_URL: ${place} is no use to this node: ${error.message}`);
		if (error instanceof NameTaken) throw new SettingsError(`NODE_ID: ${error.message}`);
		throw error;
	} finally {
		clearTimeout(lonely);
	}
}

/** For a node without services, which is for somebody who does not want to wait. */
export async function join(broker: ServiceBroker, natsUrl: string): Promise<void> {
	const late = new AbortController();
	const inTime = pause(PATIENCE, true, { signal: late.signal }).catch(() => true);
	try {
		const isLate = await Promise.race([connected(broker, natsUrl).then(() => false), inTime]);
		if (isLate) throw new SettingsError(`no NATS answers at ${placeOf(natsUrl)} within ${PATIENCE / 1000} s`);
	} finally {
		late.abort();
	}
	await broker.start();
}
