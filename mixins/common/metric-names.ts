/** Metric - every figure this system shows of itself, under the name Prometheus knows it by: the one list that registry, dashboard, alerts and reference go by. */
import { Histogram } from "../../store/histogram.ts";

interface Metric {
	readonly type: "counter" | "gauge" | "histogram";
	readonly help: string;
	/** Each has few values, and none that comes from outside. */
	readonly labels: readonly string[];
}
const LOG = ["log", "partition"] as const;
const FOLLOWER = ["follower", "log", "partition"] as const;

/** Counters begin at 0 with the process. */
export const METRICS = {
	// -- The log: what is acknowledged
	vigie_log_position: { type: "gauge", help: "Last position of a partition", labels: LOG },
	vigie_log_commits_total: { type: "counter", help: "Commits this node has written", labels: LOG },
	vigie_log_facts_total: { type: "counter", help: "Facts in them", labels: LOG },
	vigie_log_batch_commits: { type: "histogram", help: "Commits in each append that went in", labels: LOG },
	vigie_log_append_duration_seconds: { type: "histogram", help: "Time each append took, whatever came of it", labels: LOG },
	vigie_log_waiting: { type: "gauge", help: "Commands and asks that wait for their turn at the writer", labels: LOG },
	vigie_log_overtaken_total: {
		type: "counter",
		help: "Times the writer found commits of another where its own were to stand",
		labels: LOG,
	},
	vigie_log_missed_commits_total: { type: "counter", help: "Commits of others it found there", labels: LOG },
	vigie_log_retries_total: { type: "counter", help: "Commands and asks that had to be decided again", labels: LOG },
	vigie_log_failures_total: { type: "counter", help: "Calls of the writer to the store that failed", labels: [...LOG, "operation"] },
	vigie_log_failing: { type: "gauge", help: "1 from a failure on until the store does the same again", labels: [...LOG, "operation"] },
	vigie_log_live_followers: {
		type: "gauge",
		help: "1 while somebody watches the live feed through this node, and for some seconds after",
		labels: LOG,
	},
	// -- Actors
	vigie_commands_total: { type: "counter", help: "Commands answered, by how they ended", labels: ["service", "outcome"] },
	vigie_refusals_total: { type: "counter", help: "Commands refused, by the code of the refusal", labels: ["service", "code"] },
	vigie_actor_cache_actors: { type: "gauge", help: "Actors in memory", labels: ["service"] },
	vigie_actor_cache_hits_total: { type: "counter", help: "Times the writer found an actor in memory", labels: ["service"] },
	vigie_actor_cache_misses_total: { type: "counter", help: "Actors read from their stream", labels: ["service"] },
	vigie_actor_cache_new_total: { type: "counter", help: "Actors looked for that had no stream yet", labels: ["service"] },
	// -- Read models and processes
	vigie_follower_position: { type: "gauge", help: "Commits taken by a read model or process", labels: FOLLOWER },
	vigie_follower_lag_commits: { type: "gauge", help: "Commits in the log it has not taken", labels: FOLLOWER },
	vigie_follower_lag_seconds: {
		type: "gauge",
		help: "How long the oldest of them has been waiting; 0 when there is none",
		labels: FOLLOWER,
	},
	vigie_follower_stopped: { type: "gauge", help: "1 where a fact could not be folded", labels: FOLLOWER },
	vigie_follower_commits_total: { type: "counter", help: "Commits taken by this node", labels: FOLLOWER },
	vigie_follower_failures_total: { type: "counter", help: "Times reading or taking commits failed and was tried again", labels: FOLLOWER },
	vigie_row_cache_rows: { type: "gauge", help: "Rows in memory", labels: ["follower"] },
	vigie_row_cache_hits_total: { type: "counter", help: "Rows to be folded that were in memory", labels: ["follower"] },
	vigie_row_cache_misses_total: { type: "counter", help: "Rows to be folded that had to be read, or are new", labels: ["follower"] },
	vigie_read_model_rebuilding: { type: "gauge", help: "Generations of rows being built beside the one that is read", labels: ["follower"] },
	vigie_process_open: { type: "gauge", help: "Pieces of work a command is still to be done for", labels: ["process"] },
	vigie_process_parked: { type: "gauge", help: "Pieces of work that wait for a person", labels: ["process"] },
	vigie_process_asking: { type: "gauge", help: "Commands asked for and not yet answered", labels: ["process"] },
	// -- HTTP
	vigie_http_requests_total: { type: "counter", help: "Requests answered or given up", labels: ["route", "method", "status"] },
	vigie_http_request_duration_seconds: {
		type: "histogram",
		help: "Time from a request to the end of its answer; without uploads line by line and live feeds, which last as long as they last",
		labels: ["route", "method"],
	},
	vigie_http_requests_in_flight: { type: "gauge", help: "Requests under way", labels: [] },
	vigie_http_connections: { type: "gauge", help: "Connections that are open", labels: [] },
	vigie_http_held_bytes: { type: "gauge", help: "Memory of request bodies in progress", labels: [] },
	vigie_http_limits_total: {
		type: "counter",
		help: "Connections closed and requests refused because of a limit of the gateway, by limit",
		labels: ["limit"],
	},
	vigie_http_live_feeds: { type: "gauge", help: "Live feeds that are open", labels: [] },
	vigie_http_problems_total: { type: "counter", help: "Error answers, by their code", labels: ["code", "status"] },
	vigie_http_bulk_received_total: { type: "counter", help: "Lines of uploads line by line", labels: ["route"] },
	vigie_http_bulk_lines_total: { type: "counter", help: "Lines answered, by what became of them", labels: ["route", "outcome"] },
	// -- The machine
	process_resident_memory_bytes: { type: "gauge", help: "Memory of the process", labels: [] },
	process_cpu_seconds_total: { type: "counter", help: "Processor time of all its threads", labels: [] },
	process_start_time_seconds: { type: "gauge", help: "When it started, in seconds since 1970", labels: [] },
	nodejs_heap_size_used_bytes: { type: "gauge", help: "JavaScript heap in use", labels: [] },
	nodejs_heap_size_total_bytes: { type: "gauge", help: "JavaScript heap", labels: [] },
	nodejs_external_memory_bytes: { type: "gauge", help: "Memory of buffers and other objects outside the heap", labels: [] },
	nodejs_eventloop_lag_p99_seconds: { type: "gauge", help: "How late 99 of 100 timers are at most, of late", labels: [] },
	nodejs_eventloop_lag_max_seconds: { type: "gauge", help: "How late the latest was", labels: [] },
	nodejs_eventloop_utilization_ratio: { type: "gauge", help: "Share of the time the event loop was busy, of late", labels: [] },
	vigie_clock_skew_seconds: {
		type: "gauge",
		help: "Largest difference between the wall clock of this node and that of another one",
		labels: [],
	},
	vigie_data_free_bytes: { type: "gauge", help: "Free on the file system of the data folder", labels: [] },
	vigie_data_size_bytes: { type: "gauge", help: "Size of that file system", labels: [] },
	vigie_scrape_failures: {
		type: "gauge",
		help: "Parts that could not say how they are when they were asked for these figures",
		labels: [],
	},
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;
type LabelOf<N extends MetricName> = (typeof METRICS)[N]["labels"][number];
/** How a part hands over its figures. */
export type Give = <N extends MetricName>(name: N, value: number | Histogram, labels: Readonly<Record<LabelOf<N>, string>>) => void;

/** A service with figures of its own says them in a method of this name. */
export interface Figured {
	figures(give: Give): void | Promise<void>;
}
