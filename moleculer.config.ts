/** The broker's options, for every way to run: what differs comes from the settings. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { BrokerOptions } from "moleculer";
import type { Settings } from "./cli/settings.ts";
import { prometheusText } from "./mixins/metrics.ts";
import { StorageMiddleware } from "./mixins/storage.ts";
import { SqliteLogStore } from "./store/sqlite/log.ts";
import { SqliteRowStore } from "./store/sqlite/rows.ts";

/** How long a stop waits for what is under way, in milliseconds. */
const GRACE = 10_000;

export const brokerOptions = ({ dataDir, partitions, logLevel }: Pick<Settings, "dataDir" | "partitions" | "logLevel">): BrokerOptions => ({
	namespace: "vigie",
	logger: { type: "Console", options: { level: logLevel, formatter: "short" } },
	uidGenerator: () => randomUUID(),
	requestTimeout: 10_000,
	registry: { preferLocal: false }, // a partition's actors meet on one node, wherever the caller is
	tracking: { enabled: true, shutdownTimeout: GRACE },
	metrics: { enabled: true, reporter: prometheusText() as never }, // the reporter itself, where the types want its name
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
		StorageMiddleware(() => ({
			logs: new SqliteLogStore(join(dataDir, "events.db"), partitions),
			rows: new SqliteRowStore(join(dataDir, "rows.db")),
		})),
	] as never, // built-in ones go by name, which the types do not know
	skipProcessEventRegistration: true, // cli/start.ts hears the signals
});
