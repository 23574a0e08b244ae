/** Joining - connects a node to its cluster, or fails with one line: NATS does not answer or rejects the node, or its name is in use. */
import { setTimeout as pause } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { InstallationUnclear } from "../mixins/nats/installations.ts";
import { NatsRejected } from "../mixins/nats/connecting.ts";
import { NatsTransporter } from "../mixins/nats/transporter.ts";
import { NameTaken } from "../mixins/nats/node-name.ts";
import { storageOf } from "../mixins/logs/storage.ts";
import { placeOf } from "./settings/nats-access.ts";
import { SettingsError } from "./settings.ts";

/** Milliseconds after which a CLI command gives up, and after which a waiting node logs a warning. */
const TIMEOUT = 10_000;
const WARN_AFTER = 5000;

/** The settings for NATS. */
type Access = { readonly natsUrl?: string | undefined; readonly installation?: string | undefined };

/** Connects to NATS, and waits without a limit. Runs before any service starts, but after the store with the installation ID is open. */
export async function connected(broker: ServiceBroker, { natsUrl = "", installation }: Access): Promise<void> {
	const transporter = broker.transit?.tx;
	if (!(transporter instanceof NatsTransporter)) return;
	const storage = storageOf(broker);
	const known = storage.isOpen ? await storage.installation() : installation;
	if (known !== undefined) transporter.belong(known, storage.isOpen);
	const place = placeOf(natsUrl);
	const warning = setTimeout(
		() => broker.logger.warn(`NATS_URL: no connection to ${place}${transporter.lastError ? ` (${transporter.lastError})` : ""}; waiting`),
		WARN_AFTER,
	);
	try {
		await transporter.open();
	} catch (error) {
		if (error instanceof NatsRejected)
			throw new SettingsError(`NATS_URL: ${place} rejects this node, or this node rejects it: ${error.message}`);
		if (error instanceof NameTaken) throw new SettingsError(`NODE_ID: ${error.message}`);
		if (error instanceof InstallationUnclear) throw new SettingsError(`NATS_URL: ${error.message}`);
		throw error;
	} finally {
		clearTimeout(warning);
	}
}

/** Joins a node without services to the cluster for a CLI command; rejects after a timeout. */
export async function join(broker: ServiceBroker, access: Access): Promise<void> {
	const late = new AbortController();
	const inTime = pause(TIMEOUT, true, { signal: late.signal }).catch(() => true);
	try {
		const isLate = await Promise.race([connected(broker, access).then(() => false), inTime]);
		if (isLate) throw new SettingsError(`no NATS answers at ${placeOf(access.natsUrl ?? "")} within ${TIMEOUT / 1000} s`);
	} finally {
		late.abort();
	}
	await broker.start();
}
