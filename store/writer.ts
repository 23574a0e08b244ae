/**
 * Writer - appends to one partition and proves every answer. It implements LAW 1-3: compare-and-set at the tail; group commit of jobs that
 * arrived during the last write; one recovery path for every append that does not cleanly succeed; and no answer without an append or a
 * tail check that began after the request arrived.
 */
import { chained } from "./chain.ts";
import { type Codec, plainCodec } from "./codec.ts";
import { type Decided, decidedOf, keysOf } from "./deciding.ts";
import { WriterFigures } from "./figures.ts";
import type { Job, Memory } from "./job.ts";
import { type Commit, type CommitKeys, type LogPartition, StoreHeld, StoreUnavailable, type Tail } from "./log.ts";
import { StreamReader } from "./stream-reader.ts";

export type { Draft, Job, Memory, Verdict } from "./job.ts";

export interface WriterOptions {
	/** Returns the memory that holds a stream. */
	readonly memory: (stream: string) => Memory | undefined;
	readonly memories: () => Iterable<Memory>;
	/** Notifies followers in this process; called only after the commits are durable. */
	readonly appended: (commits: readonly Commit[]) => void;
	/** Runs a callback after the callbacks that are ready now: `setImmediate`. */
	readonly soon: (run: () => void) => void;
	/** Delays a retry after a failure. */
	readonly pause: (milliseconds: number) => Promise<void>;
	/** Milliseconds of a monotonic clock; used only for the figures. */
	readonly now?: () => number;
	/** Seals personal data; by default there is none. */
	readonly codec?: Codec;
}

/** Consecutive failures after which waiting jobs fail. */
const PATIENCE = 5;
const PAGE = 1000;
/** Number of missed commits above which all memory is cleared, instead of evicting single streams. */
const FAR_BEHIND = 10 * PAGE;

interface Batch {
	readonly commits: Commit[];
	readonly jobs: Job[];
	readonly held: Job[];
}

export class Writer {
	readonly log: LogPartition;
	readonly figures: WriterFigures;
	readonly #options: WriterOptions;
	readonly #reader: StreamReader;
	readonly #codec: Codec;
	#tail: Tail | null = null;
	#waiting: Job[] = [];
	#running = false;
	#failures = 0;
	#idle: (() => void)[] = [];

	constructor(log: LogPartition, options: WriterOptions) {
		this.log = log;
		this.#options = options;
		this.#codec = options.codec ?? plainCodec;
		this.figures = new WriterFigures(options.now ?? (() => performance.now()));
		this.#reader = new StreamReader(log, options.memory, this.figures);
	}

	/** The last position that this writer knows. */
	get position(): number {
		return this.#tail?.position ?? 0;
	}

	/** Number of queued commands and asks. */
	get waiting(): number {
		return this.#waiting.length;
	}

	submit(job: Job): void {
		this.#waiting.push(job);
		if (this.#running) return;
		this.#running = true;
		this.#options.soon(() => void this.#run());
	}

	/** Tests reading and writing while the writer is idle, if the last operation failed or `always` is set. */
	async probe(always = false): Promise<void> {
		if (this.#running || !(always || this.figures.troubled)) return;
		try {
			await this.log.tail();
			this.figures.read();
		} catch (error) {
			return this.figures.unread(error);
		}
		try {
			await this.log.probe?.();
			this.figures.failing.append = null;
		} catch (error) {
			this.figures.gaveUp(error);
		}
	}

	/** Resolves when the writer is idle. */
	drained(): Promise<void> {
		return this.#running ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
	}

	async #run(): Promise<void> {
		while (this.#waiting.length > 0) {
			const jobs = this.#waiting.splice(0, this.log.maxBatch);
			try {
				await this.#turn(jobs);
				this.figures.read();
			} catch (error) {
				await this.#unavailable(jobs, error);
			}
			if (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#options.soon(resolve));
		}
		this.#running = false;
		for (const resolve of this.#idle.splice(0)) resolve();
	}

	/** One group commit: tail, stream reads, decisions, then the append or the tail check that proves them. */
	async #turn(jobs: readonly Job[]): Promise<void> {
		this.#tail ??= await this.log.tail();
		await this.#reader.read(jobs);
		const decided = decidedOf(jobs, (job) => {
			job.unread = false;
			this.#waiting.unshift(job);
		});
		const batch = this.#form(decided, this.#tail, await keysOf(decided, this.#codec));
		if (batch.commits.length > 0) await this.#append(batch);
		else if (batch.held.length > 0 && !(await this.log.endsAt(this.#tail.position))) await this.#look(batch);
		else for (const job of batch.held) job.proven();
	}

	#form({ drafts, held }: Decided, tail: Tail, keys: CommitKeys | null): Batch {
		const batch: Batch = { commits: [], jobs: [], held };
		let { position, hash } = tail;
		for (const { job, draft } of drafts) {
			const { stream, version } = draft;
			const { body, recorded, ...sealing } = this.#codec.encode(draft, keys);
			const previous = hash;
			hash = chained(previous, stream, version, body);
			const commit: Commit = { position: ++position, stream, version, body, hash, recorded, previous };
			batch.commits.push(sealing.keys ? Object.assign(commit, sealing) : commit);
			batch.jobs.push(job);
		}
		return batch;
	}

	async #append(batch: Batch): Promise<void> {
		let error: unknown;
		const begun = this.figures.now();
		const whole = await this.log.append(batch.commits).catch((cause: unknown) => {
			error = cause;
			return false;
		});
		this.figures.appended(begun, whole, error);
		if (!whole) return this.#look(batch, error);
		this.#failures = 0;
		this.#land(batch, batch.commits.length);
		for (const job of batch.held) job.proven();
	}

	/**
	 * Reads the commits after the tail. If an append did not cleanly succeed, the prefix with the hashes of this batch was stored, and the
	 * remaining commits were overtaken. If no other commit is there, a stream that was assumed to be new exists, or the write failed.
	 */
	async #look(batch: Batch, error?: unknown): Promise<void> {
		const found = await this.log.read(this.#tail?.position ?? 0, PAGE);
		let mine = 0;
		while (mine < batch.commits.length && found[mine] !== undefined && found[mine]?.hash === batch.commits[mine]?.hash) mine++;
		this.#land(batch, mine);
		const missed = await this.#catchUp(found.slice(mine));
		const left = batch.jobs.slice(mine);
		const guessed = left.some(({ unread }) => unread);
		if (missed > 0 || mine > 0)
			this.#failures = 0; // readable does not mean writable
		else if (error instanceof StoreHeld) this.#failures = PATIENCE; // the store has already waited
		for (const job of batch.held) job.again();
		if (batch.commits.length === 0) return void (this.figures.retried += batch.held.length);
		if (missed === 0) this.#clash(left);
		if (missed > 0 || mine > 0 || (guessed && error === undefined) || ++this.#failures < PATIENCE) for (const job of left) job.again();
		else for (const job of left) job.failed(new StoreUnavailable(`${this.log.name} cannot be written`, error));
		const another = (guessed && error === undefined) || this.#failures < PATIENCE;
		this.figures.retried += batch.held.length + (another ? left.length : 0);
		if (!another) this.figures.gaveUp(error);
		if (this.#failures > 1) await this.#options.pause(2 ** Math.min(this.#failures, PATIENCE));
	}

	/** Completes the first `count` jobs, whose commits are durable: updates memory, answers, and notifies followers. */
	#land(batch: Batch, count: number): void {
		if (count === 0) return;
		const commits = count === batch.commits.length ? batch.commits : batch.commits.slice(0, count);
		for (let i = 0; i < count; i++) {
			const commit = commits[i];
			if (commit) batch.jobs[i]?.landed(commit);
		}
		const last = commits[count - 1];
		if (last) this.#tail = { position: last.position, hash: last.hash };
		this.figures.landed(commits);
		this.#options.appended(commits);
	}

	/** Evicts the streams that other writers changed. Resolves to the number of their commits. */
	async #catchUp(found: readonly Commit[]): Promise<number> {
		let missed = 0;
		for (let page = found; page.length > 0; page = page.length < PAGE ? [] : await this.log.read(this.#tail?.position ?? 0, PAGE)) {
			for (const { stream, position, hash } of page) {
				if (position !== (this.#tail?.position ?? 0) + 1)
					throw new StoreUnavailable(`${this.log.name} has a hole: ${position} follows ${this.#tail?.position}`);
				this.#tail = { position, hash };
				if (++missed <= FAR_BEHIND) this.#options.memory(stream)?.evict(stream);
			}
		}
		this.figures.caughtUp(missed);
		if (missed > FAR_BEHIND) for (const memory of this.#options.memories()) memory.clear();
		return missed;
	}

	/** No commit is at the expected position: the first stream exists already, or the write is not visible yet. The retry reads first. */
	#clash(left: readonly Job[]): void {
		const [first] = left;
		for (const stream of first ? [first.stream, first.beside] : []) if (stream !== undefined) this.#options.memory(stream)?.evict(stream);
		for (const job of left) job.unread = false;
	}

	/** Handles a log that cannot be read: fails all waiting jobs and clears all memory. */
	async #unavailable(jobs: readonly Job[], error: unknown): Promise<void> {
		this.#tail = null;
		this.figures.unread(error);
		for (const memory of this.#options.memories()) memory.clear();
		for (const job of [...jobs, ...this.#waiting.splice(0)]) job.failed(new StoreUnavailable(`${this.log.name} cannot be read`, error));
		await this.#options.pause(50);
	}
}
