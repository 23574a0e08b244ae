/**
 * ContextLog - the log of one context on one node: a writer a partition, the actors hosted here, the signers of its heads, and the
 * followers of each partition with what they share.
 */
import type { Commit, LogPartition } from "../../store/log.ts";
import type { Memory } from "../../store/job.ts";
import { Follower, type FollowerOptions } from "../../store/follow.ts";
import { Recent } from "../../store/recent.ts";
import { partitionOf } from "../../store/position.ts";
import type { Signer } from "../../store/evidence/signer.ts";
import { Writer } from "../../store/writer.ts";
import { nodeTimers, type Timers, Together } from "../common/timers.ts";

/** How often a follower looks by itself, in milliseconds: what a lost hint costs. */
const LOOK_EVERY = 1000;

/** Says elsewhere up to where a partition was appended to. */
export type Tell = (partition: string, last: number) => void;

type Following = Pick<FollowerOptions, "from" | "take" | "standby" | "stopped"> & { readonly promptly?: () => boolean };

/** What the followers of one partition share. */
class Followed {
	readonly followers = new Set<Follower>();
	readonly recent = new Recent();
	#polls: Together | null = null;
	readonly #reads = new Map<string, Promise<readonly Commit[]>>();

	/** From memory, else from the log: once for all who ask for the same at once. */
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

	/** All of them poll in the same moment, so that they share what they read. */
	poll(timers: Timers, wake: () => void): () => void {
		return (this.#polls ??= new Together(timers, LOOK_EVERY)).every(wake);
	}

	remember(commits: readonly Commit[]): void {
		this.recent.add(commits, Math.min(...[...this.followers].map(({ position }) => position)));
	}
}

/** The log of one context on this node. */
export class ContextLog {
	readonly partitions: readonly LogPartition[];
	readonly writers: readonly Writer[];
	/** One a partition, where this node has a key. */
	readonly signers: readonly Signer[];
	readonly #timers: Timers;
	readonly #memories = new Map<string, Memory>();
	readonly #followed: ReadonlyMap<string, Followed>;
	readonly #tell: Tell;

	constructor(
		partitions: readonly LogPartition[],
		timers: Timers = nodeTimers,
		signers: readonly Signer[] = [],
		tell: Tell = () => undefined,
	) {
		this.partitions = partitions;
		this.#followed = new Map(partitions.map(({ name }) => [name, new Followed()]));
		this.#tell = tell;
		this.signers = signers;
		this.#timers = timers;
		this.writers = partitions.map(
			(log) =>
				new Writer(log, {
					memory: (stream) => this.#memories.get(stream.slice(0, stream.indexOf("-"))),
					memories: () => this.#memories.values(),
					appended: (commits) => this.#appended(log.name, commits),
					soon: timers.soon,
					pause: timers.wait,
				}),
		);
	}

	/** `signs`: whether what others left unsigned is signed here too. */
	host(service: string, actors: Memory, signs = true): void {
		this.#memories.set(service, actors);
		if (signs) for (const signer of this.signers) signer.start(); // who has actors here writes
	}
	writer(stream: string): Writer {
		const writer = this.writers[partitionOf(stream, this.writers.length)];
		if (!writer) throw new Error(`no partition for ${stream}`);
		return writer;
	}

	/** Those who follow a partition here, now. */
	followers(partition: string): readonly Follower[] {
		return [...(this.#followed.get(partition)?.followers ?? [])];
	}

	/** `of`: who follows, for the metrics. `promptly`: whether, after the batch just taken, without a rest. */
	follow(log: LogPartition, of: string, { promptly = () => false, ...options }: Following): Follower {
		const followed = this.#followed.get(log.name);
		if (!followed) throw new Error(`${log.name} is no partition of this log`);
		const follower = new Follower(log.name, {
			...options,
			of,
			read: (after, limit) => followed.read(log, after, limit),
			every: (wake) => followed.poll(this.#timers, wake),
			pause: this.#timers.wait,
			rest: (milliseconds) => (promptly() ? Promise.resolve() : this.#timers.rest(milliseconds)),
		});
		followed.followers.add(follower);
		return follower;
	}
	async unfollow(follower: Follower): Promise<void> {
		this.#followed.get(follower.name)?.followers.delete(follower);
		await follower.stop();
	}

	/** Another node says that there is more, up to a position: possibly lost, doubled, late, out of order or forged. */
	hinted(partition: string, last: number): void {
		for (const follower of this.followers(partition)) follower.nudge(last);
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
		const last = commits.at(-1)?.position ?? 0;
		this.#followed.get(partition)?.remember(commits);
		for (const follower of this.followers(partition)) follower.hint(last);
		this.#tell(partition, last);
		this.signers.find(({ log }) => log.name === partition)?.appended(commits);
	}
}

/** Whatever becomes of one, the others are waited for. */
export async function allDone(tasks: readonly Promise<void>[]): Promise<void> {
	for (const done of await Promise.allSettled(tasks)) if (done.status === "rejected") throw done.reason;
}
