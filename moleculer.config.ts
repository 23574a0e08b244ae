/** The broker's options, for every way to run: what differs comes from the settings. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { BrokerOptions } from "moleculer";
import { connectionOf } from "./cli/nats-access.ts";
import { serviceFiles, type Settings } from "./cli/settings.ts";
import { BulkheadMiddleware } from "./mixins/cluster/bulkhead.ts";
import { CircuitBreakerMiddleware } from "./mixins/cluster/circuit-breaker.ts";
import { ClocksMiddleware } from "./mixins/cluster/clocks.ts";
import { Discovery } from "./mixins/cluster/discovery.ts";
import { hearing } from "./mixins/logs/hints.ts";
import { Metrics } from "./mixins/monitoring/metrics.ts";
import { NatsTransporter } from "./mixins/nats/transporter.ts";
import { PacketsMiddleware } from "./mixins/nats/packets.ts";
import { nodeParts } from "./mixins/monitoring/health.ts";
import { Placement } from "./mixins/cluster/placement.ts";
import { RestartedMiddleware } from "./mixins/nats/restarted.ts";
import { RetryMiddleware } from "./mixins/cluster/retry.ts";
import { SentMiddleware } from "./mixins/cluster/deadline.ts";
import type { Report } from "./mixins/logs/signing.ts";
import { StorageMiddleware, type Stores } from "./mixins/logs/storage.ts";
import { TroublesMiddleware } from "./mixins/monitoring/troubles.ts";
import { validation } from "./mixins/common/validation.ts";
import { Anchors } from "./store/anchors.ts";
import { keysIn, openKeys } from "./store/keys.ts";
import { MongoLogStore } from "./store/mongo/log.ts";
import { MongoRowStore } from "./store/mongo/rows.ts";
import { SqliteLogStore } from "./store/sqlite/log.ts";
import { SqliteRowStore } from "./store/sqlite/rows.ts";

/** How long a stop waits for what is under way, in milliseconds. */
export const GRACE = 10_000;
/** The log, in the data folder of an embedded system. */
export const LOG_FILE = "events.db";
/** The read models and the rows of processes, beside it: what the log can give again. */
export const ROWS_FILE = "rows.db";
/** The keys the logs' heads are signed and checked with. */
export const KEYS_FOLDER = "keys";
/** In it, the newest signed head of each partition. */
export const HEADS_FOLDER = "heads";

type Given = Pick<Settings, "dataDir" | "partitions" | "logLevel"> &
	Partial<
		Pick<Settings, "host" | "metrics" | "metricsPort" | "keys" | "natsUrl" | "natsFiles" | "mongoUrl" | "nodeId" | "installation">
	> & {
		/** Looks on: makes no key. */
		readonly observing?: boolean;
	};

/** One call for each broker: what it is given belongs to it alone. */
export function brokerOptions(settings: Given): BrokerOptions {
	const { dataDir, host = "127.0.0.1", metricsPort } = settings;
	return options(settings, settings.metrics === false ? null : new Metrics({ port: metricsPort, host, folder: dataDir }));
}

function storesOf({ dataDir, partitions, keys, mongoUrl, installation, observing = false }: Given, report: Report): Stores {
	const folder = join(dataDir, KEYS_FOLDER);
	const signing = (observing ? keysIn : openKeys)(folder, keys);
	const anchors = new Anchors(join(folder, HEADS_FOLDER), (reason) =>
		report("warn", `signed heads cannot be kept in ${folder}: ${reason}`),
	);
	return mongoUrl === undefined
		? {
				keys: signing,
				anchors,
				logs: new SqliteLogStore(join(dataDir, LOG_FILE), partitions, installation),
				rows: new SqliteRowStore(join(dataDir, ROWS_FILE)),
			}
		: { keys: signing, anchors, logs: new MongoLogStore(mongoUrl, partitions, installation), rows: new MongoRowStore(mongoUrl) };
}

/** What holds among several nodes (DESIGN §6). */
const cluster = (transporter: NatsTransporter, nodeId: string | undefined): BrokerOptions => ({
	nodeID: nodeId ?? `${hostname()}-${process.pid}`,
	transporter,
});

/** For calls and packets between nodes, the innermost first. */
const betweenNodes = (transporter: NatsTransporter) => [
	BulkheadMiddleware(),
	CircuitBreakerMiddleware({ threshold: 0.5, windowTime: 10_000, minRequestCount: 20, halfOpenTime: 2000 }),
	ClocksMiddleware,
	SentMiddleware,
	RetryMiddleware(),
	RestartedMiddleware,
	PacketsMiddleware(() => transporter.maxPayload),
];

/** Names of the services that nodes of this system may offer. */
const ours = (): ReadonlySet<string> => new Set([...serviceFiles().map(({ name }) => name), hearing.name, "$node"]);

/** Moleculer's own service without the action that returns the options of the node to any caller. */
export const closedNode = { name: "$node", actions: { options: false as const } };

const transporterOf = ({ natsUrl, natsFiles = {} }: Given): NatsTransporter | null =>
	natsUrl === undefined ? null : new NatsTransporter(connectionOf(natsUrl, natsFiles));

const options = (given: Given, metrics: Metrics | null, transporter = transporterOf(given)): BrokerOptions => ({
	namespace: "vigie",
	...(transporter ? cluster(transporter, given.nodeId) : {}),
	logger: { type: "Console", options: { level: given.logLevel, formatter: "short" } },
	uidGenerator: () => randomUUID(),
	requestTimeout: 10_000,
	registry: { preferLocal: false, strategy: Placement as never, discoverer: new Discovery(ours()) }, // a partition's actors meet on one node, wherever the caller is
	transit: { serviceChangedDebounceTime: 100 } as never, // the types leave it out
	tracking: { enabled: true, shutdownTimeout: GRACE },
	metrics: { enabled: metrics !== null, collectProcessMetrics: false, reporter: metrics?.reporter as never }, // the reporter itself, where the types want its name
	internalServices: { $node: { ...closedNode, mixins: metrics ? [nodeParts, metrics.node] : [nodeParts] } },
	validator: validation as never, // the types know only the validator itself
	// Only what is used: each middleware is paid for in every call (docs/decisions/0006-few-middlewares.md).
	internalMiddlewares: false,
	middlewares: [
		"ActionHook",
		"Validator",
		"Timeout",
		"ContextTracker", // around it: what timed out on its way to another node is never answered, and no stop may wait for it
		"ErrorHandler",
		...(metrics ? [metrics.middleware] : []),
		...(transporter ? betweenNodes(transporter) : []),
		StorageMiddleware((report) => storesOf(given, report)),
		TroublesMiddleware(),
	] as never, // built-in ones go by name, which the types do not know
	skipProcessEventRegistration: true, // cli/start.ts hears the signals
});
