/** MetricNames - every metric of this system under its Prometheus name: the only list for registry, dashboard, alerts and reference. */
import { Histogram } from "../../store/histogram.ts";

export interface Metric {
	readonly type: "counter" | "gauge" | "histogram";
	readonly help: string;
	/** Each label has few values, and none comes from outside. */
	readonly labels: readonly string[];
}
const LOG = ["log", "partition"] as const;
const FOLLOWER = ["follower", "log", "partition"] as const;

/** Counters start at 0 when the process starts. */
const GROUPS = {
	"The log": {
		vigie_log_position: { type: "gauge", help: "Last position of a partition", labels: LOG },
		vigie_log_commits_total: { type: "counter", help: "Commits this node has written", labels: LOG },
		vigie_log_facts_total: { type: "counter", help: "Facts in these commits", labels: LOG },
		vigie_log_batch_commits: { type: "histogram", help: "Commits in each successful append", labels: LOG },
		vigie_log_append_duration_seconds: { type: "histogram", help: "Duration of each append, successful or not", labels: LOG },
		vigie_log_waiting: { type: "gauge", help: "Commands and asks that wait for the writer", labels: LOG },
		vigie_log_overtaken_total: {
			type: "counter",
			help: "Times the writer found commits of another writer at the positions it wanted to append to",
			labels: LOG,
		},
		vigie_log_missed_commits_total: { type: "counter", help: "Commits of other writers found this way", labels: LOG },
		vigie_log_retries_total: { type: "counter", help: "Commands and asks that had to be decided again", labels: LOG },
		vigie_log_failures_total: { type: "counter", help: "Calls of the writer to the store that failed", labels: [...LOG, "operation"] },
		vigie_log_failing: { type: "gauge", help: "1 from a failure until the same operation succeeds", labels: [...LOG, "operation"] },
		vigie_log_live_followers: {
			type: "gauge",
			help: "1 while a client reads the live feed through this node, and for some seconds after",
			labels: LOG,
		},
	},
	Actors: {
		vigie_commands_total: { type: "counter", help: "Commands answered, by outcome", labels: ["service", "outcome"] },
		vigie_refusals_total: { type: "counter", help: "Commands refused, by code of the refusal", labels: ["service", "code"] },
		vigie_actor_cache_actors: { type: "gauge", help: "Actors in memory", labels: ["service"] },
		vigie_actor_cache_hits_total: { type: "counter", help: "Times the writer found an actor in memory", labels: ["service"] },
		vigie_actor_cache_misses_total: { type: "counter", help: "Actors read from their stream", labels: ["service"] },
		vigie_actor_cache_new_total: { type: "counter", help: "Actors the writer looked for that had no stream yet", labels: ["service"] },
	},
	"Read models and processes": {
		vigie_follower_position: { type: "gauge", help: "Commits handled by a read model or process", labels: FOLLOWER },
		vigie_follower_lag_commits: { type: "gauge", help: "Commits in the log that it has not handled yet", labels: FOLLOWER },
		vigie_follower_lag_seconds: {
			type: "gauge",
			help: "How long the oldest of these commits has been waiting; 0 without any",
			labels: FOLLOWER,
		},
		vigie_follower_stopped: { type: "gauge", help: "1 if it stopped at a fact that it could not fold", labels: FOLLOWER },
		vigie_follower_commits_total: { type: "counter", help: "Commits handled by this node", labels: FOLLOWER },
		vigie_follower_failures_total: { type: "counter", help: "Times reading or handling commits failed and was retried", labels: FOLLOWER },
		vigie_row_cache_rows: { type: "gauge", help: "Rows in memory", labels: ["follower"] },
		vigie_row_cache_hits_total: { type: "counter", help: "Rows to fold that were in memory", labels: ["follower"] },
		vigie_row_cache_misses_total: { type: "counter", help: "Rows to fold that had to be read, or are new", labels: ["follower"] },
		vigie_read_model_rebuilding: { type: "gauge", help: "Generations of rows being built beside the one in use", labels: ["follower"] },
		vigie_process_open: { type: "gauge", help: "Pieces of work with a command still to do", labels: ["process"] },
		vigie_process_parked: { type: "gauge", help: "Pieces of work that wait for an operator", labels: ["process"] },
		vigie_process_asking: { type: "gauge", help: "Commands sent and not yet answered", labels: ["process"] },
	},
	"The bus": {
		vigie_bus_dropped_packets_total: {
			type: "counter",
			help: "Packets from NATS that were dropped unread, by reason: unopened, replayed, unproven",
			labels: ["reason"],
		},
	},
	HTTP: {
		vigie_http_requests_total: { type: "counter", help: "Requests answered or aborted", labels: ["route", "method", "status"] },
		vigie_http_request_duration_seconds: {
			type: "histogram",
			help: "Time from a request to the end of its answer, without NDJSON uploads and live feeds, whose duration says nothing",
			labels: ["route", "method"],
		},
		vigie_http_requests_in_flight: { type: "gauge", help: "Requests in progress", labels: [] },
		vigie_http_connections: { type: "gauge", help: "Open connections", labels: [] },
		vigie_http_held_bytes: { type: "gauge", help: "Memory of request bodies in progress", labels: [] },
		vigie_http_limits_total: {
			type: "counter",
			help: "Connections closed and requests refused because of a limit of the gateway, by limit",
			labels: ["limit"],
		},
		vigie_http_live_feeds: { type: "gauge", help: "Open live feeds", labels: [] },
		vigie_http_problems_total: { type: "counter", help: "Error answers, by code", labels: ["code", "status"] },
		vigie_http_bulk_received_total: { type: "counter", help: "Lines of NDJSON uploads", labels: ["route"] },
		vigie_http_bulk_lines_total: { type: "counter", help: "Lines answered, by outcome", labels: ["route", "outcome"] },
	},
	"The machine": {
		process_resident_memory_bytes: { type: "gauge", help: "Memory of the process", labels: [] },
		process_cpu_seconds_total: { type: "counter", help: "Processor time of all threads of the process", labels: [] },
		process_start_time_seconds: { type: "gauge", help: "Start of the process, in seconds since 1970", labels: [] },
		nodejs_heap_size_used_bytes: { type: "gauge", help: "JavaScript heap in use", labels: [] },
		nodejs_heap_size_total_bytes: { type: "gauge", help: "JavaScript heap", labels: [] },
		nodejs_external_memory_bytes: { type: "gauge", help: "Memory of buffers and other objects outside the heap", labels: [] },
		nodejs_eventloop_lag_p99_seconds: { type: "gauge", help: "Delay that 99 of 100 timers do not exceed, in the last seconds", labels: [] },
		nodejs_eventloop_lag_max_seconds: { type: "gauge", help: "Largest delay of a timer, in the last seconds", labels: [] },
		nodejs_eventloop_utilization_ratio: {
			type: "gauge",
			help: "Share of the time the event loop was busy, in the last seconds",
			labels: [],
		},
		vigie_clock_skew_seconds: {
			type: "gauge",
			help: "Largest difference between the wall clock of this node and that of another one",
			labels: [],
		},
		vigie_data_free_bytes: { type: "gauge", help: "Free space on the file system of the data folder", labels: [] },
		vigie_data_size_bytes: { type: "gauge", help: "Size of that file system", labels: [] },
		vigie_scrape_failures: { type: "gauge", help: "Parts that could not report their metrics in this scrape", labels: [] },
	},
} as const satisfies Readonly<Record<string, Readonly<Record<string, Metric>>>>;
/** The metrics by group, for the reference. */
export const METRIC_GROUPS: Readonly<Record<string, Readonly<Record<string, Metric>>>> = GROUPS;
export const METRICS = {
	...GROUPS["The log"],
	...GROUPS.Actors,
	...GROUPS["Read models and processes"],
	...GROUPS["The bus"],
	...GROUPS.HTTP,
	...GROUPS["The machine"],
};

export type MetricName = keyof typeof METRICS;
type LabelOf<N extends MetricName> = (typeof METRICS)[N]["labels"][number];
/** Reports one metric value. */
export type Give = <N extends MetricName>(name: N, value: number | Histogram, labels: Readonly<Record<LabelOf<N>, string>>) => void;

/** A service with metrics of its own reports them in this method. */
export interface Figured {
	figures(give: Give): void | Promise<void>;
}
