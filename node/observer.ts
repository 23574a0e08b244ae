/**
 * Observer - opens a running system for a CLI command: in a cluster as a node without services that calls the other nodes; on one machine
 * with the same services on the same folder, which do no work of their own.
 */
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "./broker.ts";
import { keptClusterKey } from "./cluster-key-file.ts";
import { ENVIRONMENT } from "./settings/environment.ts";
import { closedNode } from "../moleculer.config.ts";
import { join } from "./joining.ts";
import { placeOf } from "./settings/nats-access.ts";
import { completed, SettingsError, settingsOf } from "./settings.ts";
import { start } from "./start.ts";

export interface Beside {
	readonly broker: ServiceBroker;
	stop(): Promise<void>;
}
/** Milliseconds to wait for another node, and between two checks. */
const PATIENCE = 10_000;
const LOOK_EVERY = 50;
/** Milliseconds without a new service after which all nodes count as discovered. */
const SETTLED = 500;

/** Rejects with a one-line SettingsError if there is no running system or no log. */
export async function beside(given: NodeJS.ProcessEnv = process.env): Promise<Beside> {
	const env = completed(given);
	return env["NATS_URL"] ? joined(env) : start(env, { observing: true });
}

/**
 * Uses only the NATS settings: this node has no store, no port, and its own name. Without CLUSTER_KEY it takes that of `npm run cluster` on
 * the same data folder.
 */
async function joined(env: NodeJS.ProcessEnv): Promise<Beside> {
	const { NATS_URL, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY, INSTALLATION, LOG_LEVEL } = env;
	const CLUSTER_KEY = env["CLUSTER_KEY"] || keptClusterKey(env["DATA_DIR"] || ENVIRONMENT.DATA_DIR.default);
	const nats = { NATS_URL, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY, CLUSTER_KEY, INSTALLATION };
	const {
		natsUrl = "",
		natsFiles,
		clusterKeys,
		installation,
		dataDir,
		logLevel,
	} = await settingsOf({ ...nats, LOG_LEVEL, SERVICES: "gateway", PORT: "0" });
	const nodeId = `operator-${hostname()}-${process.pid}`;
	const options = brokerOptions({ dataDir, partitions: undefined, logLevel, metrics: false, natsUrl, natsFiles, clusterKeys, nodeId });
	const broker = new ServiceBroker({ ...options, internalServices: { $node: closedNode } }); // it has no parts whose health it could report
	try {
		await join(broker, { natsUrl, installation });
		if (!(await discovered(broker)))
			throw new SettingsError(`no node of the system answers at ${placeOf(natsUrl)} within ${PATIENCE / 1000} s`);
	} catch (error) {
		void broker.stop().catch(() => undefined); // it may not have joined
		throw error;
	}
	return { broker, stop: () => broker.stop() };
}

interface Seen {
	readonly id: string;
	readonly services?: readonly { readonly name?: string }[];
}
/** Whether another node offers a service; waits until no more services appear. */
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
