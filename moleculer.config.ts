/** The broker's options, for every way to run: what differs comes from the settings. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { BrokerOptions } from "moleculer";
import type { Settings } from "./cli/settings.ts";
import { Metrics } from "./mixins/metrics.ts";
import { nodeParts } from "./mixins/parts.ts";
import { StorageMiddleware } from "./mixins/storage.ts";
import { TroublesMiddleware } from "./mixins/troubles.ts";
import { openKeys } from "./store/keys.ts";
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

type Given = Pick<Settings, "dataDir" | "partitions" | "logLevel"> & Partial<Pick<Settings, "host" | "metrics" | "metricsPort" | "keys">>;

/** One call for each broker: what it is given belongs to it alone. */
export function brokerOptions(settings: Given): BrokerOptions {
	const { dataDir, host = "127.0.0.1", metricsPort } = settings;
	return options(settings, settings.metrics === false ? null : new Metrics({ port: metricsPort, host, folder: dataDir }));
}

const options = ({ dataDir, partitions, logLevel, keys }: Given, metrics: Metrics | null): BrokerOptions => ({
	namespace: "vigie",
	logger: { type: "Console", options: { level: logLevel, formatter: "short" } },
	uidGenerator: () => randomUUID(),
	requestTimeout: 10_000,
	registry: { preferLocal: false }, // a partition's actors meet on one node, wherever the caller is
	tracking: { enabled: true, shutdownTimeout: GRACE },
	metrics: { enabled: metrics !== null, collectProcessMetrics: false, reporter: metrics?.reporter as never }, // the reporter itself, where the types want its name
	internalServices: { $node: { name: "$node", mixins: metrics ? [nodeParts, metrics.node] : [nodeParts] } },
	validator: {
		type: "Fastest",
		options: { useNewCustomCheckerFunction: true, considerNullAsAValue: true, defaults: { object: { strict: true } } },
	} as never, // the types know only the validator itself
	// Only what is used: each middleware is paid for in every call (docs/decisions/0006-few-middlewares.md).
	internalMiddlewares: false,
	middlewares: [
		"ActionHook",
		"Validator",
		"ContextTracker",
		"Timeout",
		"ErrorHandler",
		...(metrics ? [metrics.middleware] : []),
		StorageMiddleware(() => ({
			keys: openKeys(join(dataDir, KEYS_FOLDER), keys),
			logs: new SqliteLogStore(join(dataDir, LOG_FILE), partitions),
			rows: new SqliteRowStore(join(dataDir, ROWS_FILE)),
		})),
		TroublesMiddleware(),
	] as never, // built-in ones go by name, which the types do not know
	skipProcessEventRegistration: true, // cli/start.ts hears the signals
});
