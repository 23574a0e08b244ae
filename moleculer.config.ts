/** Options of a Moleculer broker of this system; node/broker.ts derives the variable ones from the settings. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { BrokerOptions } from "moleculer";
import type { ConnectionOptions } from "nats";
import { AccessMiddleware } from "./mixins/access/access.ts";
import { EXAMINER } from "./mixins/access/may.ts";
import { AccessMiddleware as AccessSettingsMiddleware, type AccessSettings, DEFAULTS } from "./mixins/identity/settings.ts";
import { BulkheadMiddleware } from "./mixins/cluster/bulkhead.ts";
import { ClockMiddleware } from "./mixins/common/clock.ts";
import { nodeClock } from "./mixins/cluster/manual-clock.ts";
import { ClocksMiddleware } from "./mixins/cluster/clocks.ts";
import { type CertificateFiles, CertificateMiddleware } from "./mixins/http/server/certificate.ts";
import { Discovery } from "./mixins/cluster/discovery.ts";
import { hearing } from "./mixins/logs/hints.ts";
import { Metrics } from "./mixins/monitoring/metrics.ts";
import { MetricsServerMiddleware } from "./mixins/http/metrics-server.ts";
import type { ClusterKeys } from "./mixins/nats/cluster-keys.ts";
import { NatsTransporter } from "./mixins/nats/transporter.ts";
import { PacketsMiddleware } from "./mixins/nats/packets.ts";
import { SealedMiddleware } from "./mixins/nats/sealed.ts";
import { nodeParts } from "./mixins/monitoring/health.ts";
import { Placement } from "./mixins/cluster/placement.ts";
import { RestartedMiddleware } from "./mixins/nats/restarted.ts";
import { RetryMiddleware } from "./mixins/cluster/retry.ts";
import { DeadlineMiddleware } from "./mixins/cluster/deadline.ts";
import type { Report } from "./mixins/logs/signing.ts";
import { StorageMiddleware, type Stores } from "./mixins/logs/storage.ts";
import { TroublesMiddleware } from "./mixins/monitoring/troubles.ts";
import { validation } from "./mixins/common/validation.ts";

/** Milliseconds that shutdown waits for work in progress. */
export const GRACE = 10_000;
/** The settings of a node that its broker needs. */
export interface NodeOptions {
	/** The disk that the metrics report on. */
	readonly dataDir: string;
	readonly logLevel: string;
	/** Whether the node has metrics; true if unset. */
	readonly metrics?: boolean;
	readonly metricsPort?: number | undefined;
	readonly host?: string;
	/** The certificate of the servers of the node; undefined for plain HTTP. */
	readonly tls?: CertificateFiles | undefined;
	/** Further host names of the node. */
	readonly allowedHosts?: readonly string[] | undefined;
	readonly nodeId?: string | undefined;
	/** The connection to NATS; a node without it runs alone. */
	readonly nats?: { readonly connection: ConnectionOptions; readonly keys: ClusterKeys } | undefined;
	/** The beginning of a manual clock; undefined for the clock of the machine. */
	readonly clock?: string | undefined;
	/** Limits of sessions, and the token for automation. */
	readonly access?: AccessSettings | undefined;
	/** Names of all services of the system; other names on the bus are ignored. */
	readonly services: readonly string[];
}

/** Opens the stores of a node; `report` receives warnings that come up while they are in use. */
export type OpenStores = (report: Report) => Stores;

/** Call it once for each broker: the result contains objects that belong to one broker. */
export function brokerOptions(node: NodeOptions, openStores: OpenStores): BrokerOptions {
	const { dataDir, nats } = node;
	const metrics = node.metrics === false ? null : new Metrics({ folder: dataDir });
	return options(node, openStores, metrics, nats ? new NatsTransporter(nats.connection, nats.keys) : null);
}

/** Options of a node of a cluster. */
const cluster = (transporter: NatsTransporter, nodeId: string | undefined): BrokerOptions => ({
	nodeID: nodeId ?? `${hostname()}-${process.pid}`,
	transporter,
});

/** Middlewares for calls and packets between nodes, the innermost first. */
const betweenNodes = (transporter: NatsTransporter) => [
	BulkheadMiddleware(),
	ClocksMiddleware,
	DeadlineMiddleware,
	RetryMiddleware(),
	RestartedMiddleware,
	SealedMiddleware,
	PacketsMiddleware(() => transporter.maxPayload),
];

/** Moleculer's own service, for those who examine the system; without the action that returns the options of the node. */
export const closedNode = {
	name: "$node",
	actions: {
		options: false as const,
		...Object.fromEntries(["list", "services", "actions", "events", "health", "metrics"].map((name) => [name, { may: EXAMINER }])),
	},
};

const options = (
	{ nodeId, logLevel, services, clock, metricsPort: port, host = "127.0.0.1", tls, allowedHosts, access = DEFAULTS }: NodeOptions,
	openStores: OpenStores,
	metrics: Metrics | null,
	transporter: NatsTransporter | null,
): BrokerOptions => ({
	namespace: "vigie",
	...(transporter ? cluster(transporter, nodeId) : {}),
	logger: { type: "Console", options: { level: logLevel, formatter: "short" } },
	uidGenerator: () => randomUUID(),
	requestTimeout: 10_000,
	registry: { preferLocal: false, strategy: Placement as never, discoverer: new Discovery(new Set([...services, hearing.name, "$node"])) }, // the actors of a partition are on one node, wherever the caller is
	transit: { serviceChangedDebounceTime: 100 } as never, // the types leave it out
	tracking: { enabled: true, shutdownTimeout: GRACE },
	metrics: { enabled: metrics !== null, collectProcessMetrics: false },
	internalServices: { $node: { ...closedNode, mixins: metrics ? [nodeParts, nodeClock, metrics.node] : [nodeParts, nodeClock] } },
	validator: validation as never, // the types know only the validator itself
	// Only the middlewares in use, since each one slows down every call (docs/decisions/0006-few-middlewares.md).
	internalMiddlewares: false,
	middlewares: [
		"ActionHook",
		"Validator",
		"Timeout",
		"ContextTracker", // before the next ones in the chain: a remote call that timed out gets no answer, so shutdown must not wait for it
		"ErrorHandler",
		...(metrics ? [metrics.middleware] : []),
		...(tls ? [CertificateMiddleware(tls)] : []),
		...(metrics && port !== undefined ? [MetricsServerMiddleware({ port, host, allowedHosts })] : []),
		...(transporter ? betweenNodes(transporter) : []),
		ClockMiddleware(clock ?? null),
		AccessSettingsMiddleware(access),
		StorageMiddleware(openStores),
		TroublesMiddleware(),
		AccessMiddleware(),
	] as never, // built-in middlewares are listed by name, which the types do not know
	skipProcessEventRegistration: true, // cli/start.ts handles signals
});
