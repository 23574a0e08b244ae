/** Gathering - collects the figures of every part of a node when the metrics are scraped. */
import type { Service, ServiceBroker } from "moleculer";
import { decode } from "../../store/codec.ts";
import type { Follower } from "../../store/follow.ts";
import type { Histogram } from "../../store/histogram.ts";
import type { LogPartition } from "../../store/log.ts";
import type { Writer } from "../../store/writer.ts";
import type { Figured, Give, MetricName } from "../common/metric-names.ts";
import { LIVE } from "../logs/live-follower.ts";
import type { ContextLog } from "../logs/context-log.ts";
import { storageOf } from "../logs/storage.ts";
import { type Clocks, LagClock } from "./lag-clock.ts";
import { within } from "../common/within.ts";

/** Timeout of a query to the store in milliseconds, and the number of queries that a part may make. */
const PATIENCE = 1000;
const QUESTIONS = 3;
export const steadyClocks = (): Clocks => ({ wall: Date.now(), steady: performance.now() });

/** One value of a metric. */
export interface Figure {
	readonly name: MetricName;
	readonly value: number | Histogram;
	readonly labels: Readonly<Record<string, string>>;
}

export class Gathering {
	readonly #broker: ServiceBroker;
	readonly #clocks: () => Clocks;
	readonly #patience: number;
	readonly #waiting = new LagClock();
	#failures = 0;

	constructor(broker: ServiceBroker, clocks: () => Clocks = steadyClocks, patience = PATIENCE) {
		this.#broker = broker;
		this.#patience = patience;
		this.#clocks = clocks;
	}

	/** The figures of all parts that answer in time. */
	async all(more: readonly Figured["figures"][]): Promise<readonly Figure[]> {
		this.#failures = 0;
		const contexts = await within(this.#patience, storageOf(this.#broker).contexts()).catch(() => this.#failed([]));
		const services = this.#broker.services.filter(isFigured);
		const given = await Promise.all([
			...contexts.map((context) => this.#part((give) => this.#context(context, give))),
			...services.map((service) => this.#part((give) => service.figures(give))),
			...more.map((figures) => this.#part(figures)),
		]);
		this.#waiting.turn();
		return [...given.flat(), { name: "vigie_scrape_failures", value: this.#failures, labels: {} }];
	}

	/** Ignores figures that a part adds after the timeout. */
	async #part(figures: Figured["figures"]): Promise<readonly Figure[]> {
		const given: Figure[] = [];
		const give: Give = (name, value, labels) => void given.push({ name, value, labels });
		try {
			await within(
				this.#patience * QUESTIONS,
				Promise.resolve().then(() => figures(give)),
			);
			return given;
		} catch {
			return this.#failed([...given]);
		}
	}
	#failed<T>(instead: T): T {
		this.#failures++;
		return instead;
	}

	async #context(context: ContextLog, give: Give): Promise<void> {
		await Promise.all(context.writers.map((writer) => this.#partition(writer, context.followers(writer.log.name), give)));
	}

	/** Reads the tail from the store, since other nodes may write to the partition, too. */
	async #partition(writer: Writer, followers: readonly Follower[], give: Give): Promise<void> {
		const { log } = writer;
		const of = placeOf(log);
		writerFigures(writer, of, give);
		const seen = await within(this.#patience, log.tail()).then(
			({ position }) => position,
			() => this.#failed(0),
		);
		const followed = followers.filter((follower) => follower.of !== LIVE);
		give("vigie_log_live_followers", followers.length - followed.length, of);
		const position = Math.max(seen, writer.position, ...followed.map(({ known }) => known));
		give("vigie_log_position", position, of);
		await Promise.all(followed.map((follower) => this.#follower(follower, log, position, give)));
	}

	async #follower(follower: Follower, log: LogPartition, end: number, give: Give): Promise<void> {
		const { of: name, position, error, taken, failures } = follower;
		const of = { follower: name, ...placeOf(log) };
		give("vigie_follower_position", position, of);
		give("vigie_follower_lag_commits", Math.max(0, end - position), of);
		give("vigie_follower_stopped", error ? 1 : 0, of);
		give("vigie_follower_commits_total", taken, of);
		give("vigie_follower_failures_total", failures, of);
		if (end <= position) return give("vigie_follower_lag_seconds", 0, of);
		const at = await within(this.#patience, log.read(position, 1)).then(
			([oldest]) => (oldest ? decode(oldest).at : null),
			() => this.#failed(null),
		);
		give("vigie_follower_lag_seconds", this.#waiting.seconds(`${name} ${log.name}`, position, at, this.#clocks()), of);
	}
}

type PartitionLabels = { readonly log: string; readonly partition: string };
const placeOf = ({ name }: LogPartition): PartitionLabels => ({
	log: name.slice(0, name.lastIndexOf(":")),
	partition: name.slice(name.lastIndexOf(":") + 1),
});

const isFigured = (service: Service): service is Service & Figured => typeof service["figures"] === "function";

function writerFigures({ figures, waiting }: Writer, of: PartitionLabels, give: Give): void {
	const { batches, seconds, facts, overtaken, missed, retried, failures, failing } = figures;
	give("vigie_log_commits_total", batches.sum, of);
	give("vigie_log_facts_total", facts, of);
	give("vigie_log_batch_commits", batches, of);
	give("vigie_log_append_duration_seconds", seconds, of);
	give("vigie_log_waiting", waiting, of);
	give("vigie_log_overtaken_total", overtaken, of);
	give("vigie_log_missed_commits_total", missed, of);
	give("vigie_log_retries_total", retried, of);
	for (const operation of ["append", "read"] as const) {
		give("vigie_log_failures_total", failures[operation], { ...of, operation });
		give("vigie_log_failing", failing[operation] ? 1 : 0, { ...of, operation });
	}
}
