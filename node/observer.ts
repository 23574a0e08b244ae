/**
 * Beside - what looks on at a running system, and does what it is told: in a cluster a node without services that has joined for a while
 * and only asks the others; on one machine the same services on the same folder, which do nothing of their own accord.
 */
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "./broker.ts";
import { closedNode } from "../moleculer.config.ts";
import { join } from "./joining.ts";
import { placeOf } from "./nats-access.ts";
import { SettingsError, settingsOf } from "./settings.ts";
import { start } from "./start.ts";

export interface Beside {
	readonly broker: ServiceBroker;
	stop(): Promise<void>;
}
/** How long a node may take to answer, and how often it is looked for, in milliseconds. */
const PATIENCE = 10_000;
const LOOK_EVERY = 50;
/** Who is there says so within this of one another, in milliseconds. */
const SETTLED = 500;

/** Rejects with one clear line when there is nobody to look at. */
export const beside = (env: NodeJS.ProcessEnv = process.env): Promise<Beside> =>
	env["NATS_URL"] ? joined(env) : start(env, { observing: true });

/** What a node is told beyond where to find the others is not for who only asks: it keeps nothing, listens nowhere and has a name of its own. */
async function joined({ NATS_URL, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY, INSTALLATION, LOG_LEVEL }: NodeJS.ProcessEnv): Promise<Beside> {
	const nats = { NATS_URL, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY, INSTALLATION };
	const {
		natsUrl = "",
		natsFiles,
		installation,
		dataDir,
		logLevel,
	} = await settingsOf({ ...nats, LOG_LEVEL, SERVICES: "gateway", PORT: "0" });
	const nodeId = `operator-${hostname()}-${process.pid}`;
	const options = brokerOptions({ dataDir, partitions: undefined, logLevel, metrics: false, natsUrl, natsFiles, nodeId });
	const broker = new ServiceBroker({ ...options, internalServices: { $node: closedNode } }); // it has no parts that could be well or not
	try {
		await join(broker, { natsUrl, installation });
		if (!(await discovered(broker)))
			throw new SettingsError(`no node of the system answers at ${placeOf(natsUrl)} within ${PATIENCE / 1000} s`);
	} catch (error) {
		void broker.stop().catch(() => undefined); // there may be nobody to leave
		throw error;
	}
	return { broker, stop: () => broker.stop() };
}

interface Seen {
	readonly id: string;
	readonly services?: readonly { readonly name?: string }[];
}
/** Whether anybody who offers something is there, once all have had the time to say so. */
async function discovered(broker: ServiceBroker): Promise<boolean> {
	const deadline = performance.now() + PATIENCE;
	let since = performance.now();
	for (let before = ""; ; await pause(LOOK_EVERY)) {
		const now = performance.now();
		const seen = offered(broker);
		if (seen !== before) [before, since] = [seen, now];
		if (seen !== "" && now - since >= SETTLED) return true;
		if (now > deadline) return seen !== "";
	}
}
function offered(broker: ServiceBroker): string {
	const nodes: readonly Seen[] = broker.registry.getNodeList({ onlyAvailable: true, withServices: true });
	const others = nodes.filter(({ id }) => id !== broker.nodeID);
	const names = others.flatMap(({ id, services = [] }) =>
		services.filter(({ name }) => !name?.startsWith("$")).map(({ name }) => `${id}/${name}`),
	);
	return names.toSorted().join(" ");
}
