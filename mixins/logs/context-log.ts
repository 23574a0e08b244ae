/**
 * ContextLog - the log of one context on one node: a writer for each partition, the actors of this node, the signers of heads, and the
 * followers of each partition, which share polls and reads.
 */
import { type Codec, plainCodec } from "../../store/codec.ts";
import type { Commit, LogPartition } from "../../store/log.ts";
import type { Memory } from "../../store/job.ts";
import { Follower, type FollowerOptions } from "../../store/follow.ts";
import { Recent } from "../../store/recent.ts";
import { partitionOf } from "../../store/position.ts";
import type { Signer } from "../../store/evidence/signer.ts";
import { Writer } from "../../store/writer.ts";
import { nodeTimers, type Timers, Together } from "../common/timers.ts";

/** Milliseconds between two polls of a follower; a lost hint delays it by as much. */
const LOOK_EVERY = 1000;

/** Tells other nodes the last position that was appended to a partition. */
export type Tell = (partition: string, last: number) => void;

type Following = Pick<FollowerOptions, "from" | "take" | "standby" | "stopped"> & { readonly promptly?: () => boolean };

/** The followers of one partition, with the polls and reads that they share. */
class Followed {
	readonly followers = new Set<Follower>();
	readonly recent = new Recent();
	#polls: Together | null = null;
	readonly #reads = new Map<string, Promise<readonly Commit[]>>();

	/** Reads from memory, else from the log; concurrent equal reads share one. */
	async read(log: LogPartition, after: number, limit: number): Promise<readonly Commit[]> {
		const kept = this.recent.read(after, limit);
		if (kept) return kept;
		const key = `${after}+${limit}`;
		const under = this.#reads.get(key);
		if (under) return under;
		const read = log.read(after, limit).finally(() => this.#reads.delete(key));
		this.#reads.set(key, read);
		return read;
	}

	/** Commits that are not going to be decoded, so they need no keys; not shared, because other followers decode theirs. */
	async readStored(stored: LogPartition, after: number, limit: number): Promise<readonly Commit[]> {
		return this.recent.read(after, limit) ?? stored.read(after, limit);
	}

	/** All followers poll at the same moment, so that they share reads. */
	poll(timers: Timers, wake: () => void): () => void {
		return (this.#polls ??= new Together(timers, LOOK_EVERY)).every(wake);
	}

	remember(commits: readonly Commit[]): void {
		this.recent.add(commits, Math.min(...[...this.followers].map(({ position }) => position)));
	}
}

/** The log of one context on this node. */
export class ContextLog {
	/** Their commits can be decoded. */
	readonly partitions: readonly LogPartition[];
	/** The same as they are stored, for those who need only texts and hashes. */
	readonly stored: readonly LogPartition[];
	/** Seals and opens the personal data of this log. */
	readonly codec: Codec;
	readonly writers: readonly Writer[];
	/** One for each partition if this node has a private key, else none. */
	readonly signers: readonly Signer[];
	readonly #timers: Timers;
	readonly #memories = new Map<string, Memory>();
	readonly #followed: ReadonlyMap<string, Followed>;
	readonly #tell: Tell;
	#forgetting: Promise<void> | null = null;

	constructor(
		partitions: readonly LogPartition[],
		timers: Timers = nodeTimers,
		signers: readonly Signer[] = [],
		tell: Tell = () => undefined,
		codec: Codec = plainCodec,
	) {
		this.stored = partitions;
		this.codec = codec;
		this.partitions = partitions.map((log) => codec.opening(log));
		this.#followed = new Map(partitions.map(({ name }) => [name, new Followed()]));
		this.#tell = tell;
		this.signers = signers;
		this.#timers = timers;
		this.writers = this.partitions.map(
			(log) =>
				new Writer(log, {
					memory: (stream) => this.#memories.get(stream.slice(0, stream.indexOf("-"))),
					memories: () => this.#memories.values(),
					appended: (commits) => this.#appended(log.name, commits),
					soon: timers.soon,
					pause: timers.wait,
					codec,
				}),
		);
	}

	/** `signs`: whether this node also signs commits that were left unsigned. */
	host(service: string, actors: Memory, signs = true): void {
		this.#memories.set(service, actors);
		if (signs) for (const signer of this.signers) signer.start();
	}
	writer(stream: string): Writer {
		const writer = this.writers[partitionOf(stream, this.writers.length)];
		if (!writer) throw new Error(`no partition for ${stream}`);
		return writer;
	}

	/** The current followers of a partition on this node. */
	followers(partition: string): readonly Follower[] {
		return [...(this.#followed.get(partition)?.followers ?? [])];
	}

	/** `of`: the name of the follower in the metrics. `promptly`: whether the follower skips the delay after the batch that it just took. */
	follow(log: LogPartition, of: string, { promptly = () => false, ...options }: Following): Follower {
		const followed = this.#followed.get(log.name);
		if (!followed) throw new Error(`${log.name} is no partition of this log`);
		const follower = new Follower(log.name, {
			...options,
			of,
			read: (after, limit) => (this.partitions.includes(log) ? followed.read(log, after, limit) : followed.readStored(log, after, limit)),
			every: (wake) => followed.poll(this.#timers, wake),
			pause: this.#timers.wait,
			delay: (milliseconds) => (promptly() ? Promise.resolve() : this.#timers.delay(milliseconds)),
		});
		followed.followers.add(follower);
		return follower;
	}
	async unfollow(follower: Follower): Promise<void> {
		this.#followed.get(follower.name)?.followers.delete(follower);
		await follower.stop();
	}

	/** Handles a hint of another node that the partition has grown; hints may be lost, doubled, late, out of order or forged. */
	hinted(partition: string, last: number): void {
		for (const follower of this.followers(partition)) follower.nudge(last);
	}

	/** Destroys the keys of subjects that this log forgets, from now on; once for all its actors. */
	forget(begin: () => Promise<void>): Promise<void> {
		return (this.#forgetting ??= begin());
	}

	/** Stops its own followers. For each partition in parallel: finishes the pending commits, then signs them. */
	async close(): Promise<void> {
		await this.#forgetting?.catch(() => undefined);
		const own = [...this.#followed.values()].flatMap(({ followers }) => [...followers]);
		await Promise.all(own.map((follower) => follower.stop()));
		await allDone(
			this.writers.map(async (writer, i) => {
				await writer.drained();
				await this.signers[i]?.close();
			}),
		);
	}

	#appended(partition: string, commits: readonly Commit[]): void {
		const last = commits.at(-1)?.position ?? 0;
		this.codec.landed(commits);
		this.#followed.get(partition)?.remember(commits);
		for (const follower of this.followers(partition)) follower.hint(last);
		this.#tell(partition, last);
		this.signers.find(({ log }) => log.name === partition)?.appended(commits);
	}
}

/** Waits for all tasks, then throws the first error. */
export async function allDone(tasks: readonly Promise<void>[]): Promise<void> {
	for (const done of await Promise.allSettled(tasks)) if (done.status === "rejected") throw done.reason;
}
