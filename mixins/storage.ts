/**
 * Storage - the middleware that owns what a node holds open: the logs with their writers, the rows, and the followers between
 * them. Services reach it through `storageOf(broker)`; it opens before they start and closes after they have stopped.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import type { Keyring } from "../store/keys.ts";
import { type Commit, type LogPartition, type LogStore, MoveBegun } from "../store/log.ts";
import { Follower, type FollowerOptions } from "../store/follow.ts";
import { Recent } from "../store/recent.ts";
import { partitionOf } from "../store/position.ts";
import type { RowStore } from "../store/rows.ts";
import type { Signer } from "../store/signer.ts";
import { Writer } from "../store/writer.ts";
import type { Actors } from "./actors.ts";
import { type Report, signersOf } from "./signing.ts";
import { every, nodeTimers, type Timers } from "./timers.ts";

export interface Stores {
	readonly logs: LogStore;
	readonly rows: RowStore;
	/** What the heads of the logs are signed and checked with; without a private one nobody signs here. */
	readonly keys?: Keyring;
}
/** How often a follower looks by itself, in milliseconds: what a lost hint costs. */
const LOOK_EVERY = 1000;

/** Says elsewhere what was appended to a partition. */
type Tell = (partition: string, commits: readonly Commit[]) => void;

type Following = Pick<FollowerOptions, "from" | "take" | "stopped"> & { readonly promptly?: () => boolean };

/** The log of one context on this node. */
export class ContextLog {
	readonly partitions: readonly LogPartition[];
	readonly writers: readonly Writer[];
	/** One a partition, where this node has a key. */
	readonly signers: readonly Signer[];
	readonly #timers: Timers;
	readonly #actors = new Map<string, Actors>();
	readonly #followers = new Map<string, Set<Follower>>();
	readonly #recent = new Map<string, Recent>();
	readonly #tell: Tell;

	constructor(
		partitions: readonly LogPartition[],
		timers: Timers = nodeTimers,
		signers: readonly Signer[] = [],
		tell: Tell = () => undefined,
	) {
		this.partitions = partitions;
		this.#tell = tell;
		this.signers = signers;
		this.#timers = timers;
		this.writers = partitions.map(
			(log) =>
				new Writer(log, {
					memory: (stream) => this.#actors.get(stream.slice(0, stream.indexOf("-"))),
					memories: () => this.#actors.values(),
					appended: (commits) => this.#appended(log.name, commits),
					soon: timers.soon,
					pause: timers.wait,
				}),
		);
	}

	/** `signs`: whether what others left unsigned is signed here too. */
	host(service: string, actors: Actors, signs = true): void {
		this.#actors.set(service, actors);
		if (signs) for (const signer of this.signers) signer.start(); // who has actors here writes
	}
	writer(stream: string): Writer {
		const writer = this.writers[partitionOf(stream, this.writers.length)];
		if (!writer) throw new Error(`no partition for ${stream}`);
		return writer;
	}

	get actors(): ReadonlyMap<string, Actors> {
		return this.#actors;
	}
	/** Those who follow a partition here, now. */
	followers(partition: string): readonly Follower[] {
		return [...(this.#followers.get(partition) ?? [])];
	}

	/** `of`: who follows, for the metrics. `promptly`: whether, after the batch just taken, without a rest. */
	follow(log: LogPartition, of: string, { promptly = () => false, ...options }: Following): Follower {
		const read = async (after: number, limit: number) => this.#recent.get(log.name)?.read(after, limit) ?? log.read(after, limit);
		const follower = new Follower(log.name, {
			...options,
			of,
			read,
			every: (wake) => every(this.#timers, LOOK_EVERY, wake),
			pause: this.#timers.wait,
			rest: (milliseconds) => (promptly() ? Promise.resolve() : this.#timers.rest(milliseconds)),
		});
		const followers = this.#followers.get(log.name) ?? new Set();
		this.#followers.set(log.name, followers.add(follower));
		return follower;
	}
	async unfollow(follower: Follower): Promise<void> {
		this.#followers.get(follower.name)?.delete(follower);
		await follower.stop();
	}

	/** Somebody says that there is more, up to a position, and may say what; lost, doubled, late or out of order. */
	hinted(partition: string, last: number, commits: readonly Commit[]): void {
		const recent = this.#recent.get(partition);
		const followers = [...(this.#followers.get(partition) ?? [])];
		if (commits.length > 0 && followers.length > 0 && (!recent || last > recent.last)) this.#remember(partition, commits, followers);
		for (const follower of followers) follower.hint(last);
	}

	/** Partition by partition, none waiting for another: what is under way is finished, then what was written is signed. */
	async close(): Promise<void> {
		await allDone(
			this.writers.map(async (writer, i) => {
				await writer.drained();
				await this.signers[i]?.close();
			}),
		);
	}

	#appended(partition: string, commits: readonly Commit[]): void {
		const followers = [...(this.#followers.get(partition) ?? [])];
		this.#remember(partition, commits, followers);
		for (const follower of followers) follower.hint(commits.at(-1)?.position ?? 0);
		this.#tell(partition, commits);
		this.signers.find(({ log }) => log.name === partition)?.appended(commits);
	}
	#remember(partition: string, commits: readonly Commit[], followers: readonly Follower[]): void {
		const recent = this.#recent.get(partition) ?? new Recent();
		this.#recent.set(partition, recent);
		recent.add(commits, Math.min(...followers.map(({ position }) => position)));
	}
}

export class Storage {
	/** Tells other nodes of a context's log that there is more in it; set where there are others. */
	tell: (context: string, partition: string, commits: readonly Commit[]) => void = () => undefined;
	readonly #open: () => Stores;
	readonly #contexts = new Map<string, Promise<ContextLog>>();
	readonly #report: Report;
	readonly #timers: Timers;
	#stores: Stores | null = null;

	constructor(open: () => Stores, report: Report, timers: Timers) {
		this.#open = open;
		this.#report = report;
		this.#timers = timers;
	}
	/** Opens the stores, unless they are; throws what is wrong with them. */
	open(): void {
		this.#stores ??= this.#open();
	}
	/** Resolves once the stores can be asked, to what should be known of them; rejects with what is wrong. */
	async ready(): Promise<readonly string[]> {
		const { logs, rows } = this.#opened;
		await Promise.all([logs.ready?.(), rows.ready?.()]);
		if (await logs.moving()) throw new MoveBegun();
		return [...new Set([...(logs.warnings ?? []), ...(rows.warnings ?? [])])];
	}
	get #opened(): Stores {
		return (this.#stores ??= this.#open());
	}
	get rows(): RowStore {
		return this.#opened.rows;
	}
	get keys(): Keyring | undefined {
		return this.#opened.keys;
	}
	/** What was found damaged in what is stored, since it was opened. */
	get damage(): readonly string[] {
		return [this.#stores?.logs.damage, this.#stores?.rows.damage].flatMap((found) => found ?? []);
	}
	/** The log of a context; opened at the first question. */
	context(name: string): Promise<ContextLog> {
		let found = this.#contexts.get(name);
		if (!found) this.#contexts.set(name, (found = this.#openLog(name)));
		return found;
	}
	async #openLog(name: string): Promise<ContextLog> {
		const partitions = await this.#opened.logs.open(name);
		const tell: Tell = (partition, commits) => this.tell(name, partition, commits);
		return new ContextLog(partitions, this.#timers, signersOf(partitions, this.keys, this.#timers, this.#report), tell);
	}
	/** The log of a context, if it is opened here. */
	opened(name: string): Promise<ContextLog> | undefined {
		return this.#contexts.get(name);
	}
	/** The logs opened here. */
	contexts(): Promise<readonly ContextLog[]> {
		return Promise.all(this.#contexts.values());
	}
	/** Finishes what is under way, signs what was written, in all logs at once; then closes, and throws the first thing that went wrong. */
	async close(): Promise<void> {
		const opened = await Promise.allSettled(this.#contexts.values());
		const logs = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])); // else there is nothing under way in it
		try {
			await allDone(logs.map((log) => log.close()));
		} finally {
			await this.#stores?.rows.close();
			await this.#stores?.logs.close();
			this.#stores = null;
		}
	}
}

/** Whatever becomes of one, the others are waited for. */
async function allDone(tasks: readonly Promise<void>[]): Promise<void> {
	for (const done of await Promise.allSettled(tasks)) if (done.status === "rejected") throw done.reason;
}

const storages = new WeakMap<ServiceBroker, Storage>();

/** The storage of a node whose broker has the middleware. */
export function storageOf(broker: ServiceBroker): Storage {
	const storage = storages.get(broker);
	if (!storage) throw new Error("This service needs the Storage middleware (moleculer.config.ts)");
	return storage;
}

export function StorageMiddleware(open: () => Stores, timers: Timers = nodeTimers): Middleware {
	return {
		name: "Storage",
		created(broker: ServiceBroker) {
			const logger = broker.getLogger("storage");
			storages.set(broker, new Storage(open, (level, message) => logger[level](message), timers));
		},
		/** Tells those who hold something open for ever that it has to end. */
		stopping(broker: ServiceBroker) {
			broker.broadcastLocal("$node.stopping");
		},
		async stopped(broker: ServiceBroker) {
			await storages.get(broker)?.close();
		},
	} as Middleware; // moleculer's type of `created` leaves out its argument
}
