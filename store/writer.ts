/**
 * Writer - appends to one partition, and proves every answer. It keeps LAW 1-3: compare-and-set at the tail, group commit of what
 * arrived while the last write was under way, one case for everything that is not a clean success, and nothing answered that
 * does not rest on an append or a look that began after the question came.
 */
import { chained } from "./chain.ts";
import { encode } from "./codec.ts";
import { asError, type Commit, type LogPartition, type Recorded, StoreUnavailable, type Tail } from "./log.ts";

/** A decision not yet durable. */
export interface Draft {
	readonly version: number;
	readonly recorded: Recorded;
}
/**
 * What a job says when a batch is formed: a draft to append; `held`, an answer that writes nothing and waits for proof; `unread`,
 * its actor has to be read first; `over`, nobody waits for it any more.
 */
export type Verdict = Draft | "held" | "unread" | "over";

/** One command or ask on its way through the writer; at most one command per stream at a time. */
export interface Job {
	readonly stream: string;
	/** May be decided on an actor nobody read: the unique (stream, version) tells when it exists after all. */
	unread: boolean;
	/** Pure; called again whenever the decision is made again. */
	decide(): Verdict;
	/** The draft is durable. */
	landed(commit: Commit): void;
	/** The held answer is proven. */
	proven(): void;
	/** Overtaken: to be submitted again, with fresh consults. */
	again(): void;
	failed(error: Error): void;
}
/** Where the actors of a stream live in memory. */
export interface Memory {
	has(stream: string): boolean;
	/** All commits of the stream, as the log has them. */
	load(stream: string, commits: readonly Commit[]): void;
	evict(stream: string): void;
	clear(): void;
}
export interface WriterOptions {
	/** The memory that holds a stream. */
	readonly memory: (stream: string) => Memory | undefined;
	readonly memories: () => Iterable<Memory>;
	/** Tells followers in this process; never before the commits are durable. */
	readonly appended: (commits: readonly Commit[]) => void;
	/** Runs something soon, after what is ready now: `setImmediate`. */
	readonly soon: (run: () => void) => void;
	/** Waits before trying again after a failure. */
	readonly pause: (milliseconds: number) => Promise<void>;
}

/** Failures in a row after which those who wait are told. */
const PATIENCE = 5;
const PAGE = 1000;
/** Missed commits beyond which everything is forgotten rather than each actor found. */
const FAR_BEHIND = 10 * PAGE;

interface Batch {
	readonly commits: Commit[];
	readonly jobs: Job[];
	readonly held: Job[];
}

export class Writer {
	readonly log: LogPartition;
	readonly #options: WriterOptions;
	#tail: Tail | null = null;
	#waiting: Job[] = [];
	#running = false;
	#failures = 0;
	appends = 0; // since the start, those that went in
	commits = 0; // in them
	#idle: (() => void)[] = [];

	constructor(log: LogPartition, options: WriterOptions) {
		this.log = log;
		this.#options = options;
	}

	/** The last position this writer knows of. */
	get position(): number {
		return this.#tail?.position ?? 0;
	}

	submit(job: Job): void {
		this.#waiting.push(job);
		if (this.#running) return;
		this.#running = true;
		this.#options.soon(() => void this.#run());
	}

	/** Resolves when nothing is under way. */
	drained(): Promise<void> {
		return this.#running ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
	}

	async #run(): Promise<void> {
		while (this.#waiting.length > 0) {
			const jobs = this.#waiting.splice(0, this.log.maxBatch);
			try {
				await this.#turn(jobs);
			} catch (error) {
				await this.#unavailable(jobs, error);
			}
			if (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#options.soon(resolve));
		}
		this.#running = false;
		for (const resolve of this.#idle.splice(0)) resolve();
	}

	/** One group commit: the tail, then stream reads, then decisions, then the append or the look that proves them. */
	async #turn(jobs: readonly Job[]): Promise<void> {
		this.#tail ??= await this.log.tail();
		await this.#read(jobs);
		const batch = this.#form(jobs, this.#tail);
		if (batch.commits.length > 0) await this.#append(batch);
		else if (batch.held.length > 0) await this.#look(batch);
	}

	/** One query for all actors that have to be read. */
	async #read(jobs: readonly Job[]): Promise<void> {
		const missing = new Set<string>();
		for (const { stream, unread } of jobs)
			if (!(unread && !this.log.readsFirst) && !this.#options.memory(stream)?.has(stream)) missing.add(stream);
		if (missing.size === 0) return;
		const found = await this.log.streams([...missing]);
		for (const stream of missing) {
			try {
				this.#options.memory(stream)?.load(stream, found.get(stream) ?? []);
			} catch (error) {
				for (const job of jobs) if (job.stream === stream) job.failed(asError(error)); // nobody else is held up by it
			}
		}
	}

	#form(jobs: readonly Job[], tail: Tail): Batch {
		const batch: Batch = { commits: [], jobs: [], held: [] };
		let { position, hash } = tail;
		for (const job of jobs) {
			const verdict = verdictOf(job);
			if (verdict === "over") continue;
			if (verdict === "held") batch.held.push(job);
			else if (verdict === "unread") {
				job.unread = false;
				this.#waiting.unshift(job);
			} else {
				const body = encode(verdict.recorded);
				hash = chained(hash, job.stream, verdict.version, body);
				batch.commits.push({ position: ++position, stream: job.stream, version: verdict.version, body, hash, recorded: verdict.recorded });
				batch.jobs.push(job);
			}
		}
		return batch;
	}

	async #append(batch: Batch): Promise<void> {
		let error: unknown;
		const whole = await this.log.append(batch.commits).catch((cause: unknown) => {
			error = cause;
			return false;
		});
		if (!whole) return this.#look(batch, error);
		this.#failures = 0;
		this.#land(batch, batch.commits.length);
		for (const job of batch.held) job.proven();
	}

	/**
	 * Reads what stands after the tail. Of a batch that did not cleanly succeed the prefix that is mine (by hash) has landed, the
	 * rest was overtaken; where nobody overtook it, a stream that was taken to be new exists, or the write failed.
	 */
	async #look(batch: Batch, error?: unknown): Promise<void> {
		const found = await this.log.read(this.#tail?.position ?? 0, PAGE);
		let mine = 0;
		while (mine < batch.commits.length && found[mine] !== undefined && found[mine]?.hash === batch.commits[mine]?.hash) mine++;
		this.#land(batch, mine);
		const missed = await this.#catchUp(found.slice(mine));
		const left = batch.jobs.slice(mine);
		const guessed = left.some(({ unread }) => unread);
		if (missed > 0 || mine > 0 || left.length === 0) this.#failures = 0;
		if (missed === 0 && left.length === 0) {
			for (const job of batch.held) job.proven();
			return;
		}
		for (const job of batch.held) job.again();
		if (missed === 0) this.#clash(left);
		if (missed > 0 || mine > 0 || (guessed && error === undefined) || ++this.#failures < PATIENCE) for (const job of left) job.again();
		else for (const job of left) job.failed(new StoreUnavailable(`${this.log.name} cannot be written`, error));
		if (this.#failures > 1) await this.#options.pause(2 ** Math.min(this.#failures, PATIENCE));
	}

	/** Everything before `count` is durable: memory moves, answers go out, followers are told. */
	#land(batch: Batch, count: number): void {
		if (count === 0) return;
		const commits = count === batch.commits.length ? batch.commits : batch.commits.slice(0, count);
		for (let i = 0; i < count; i++) {
			const commit = commits[i];
			if (commit) batch.jobs[i]?.landed(commit);
		}
		const last = commits[count - 1];
		if (last) this.#tail = { position: last.position, hash: last.hash };
		this.appends++;
		this.commits += commits.length;
		this.#options.appended(commits);
	}

	/** Others were here: forget what they touched. Resolves to how many commits there were. */
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
		if (missed > FAR_BEHIND) for (const memory of this.#options.memories()) memory.clear();
		return missed;
	}

	/** Nobody stands at my position: the first was refused for its stream, or its write is not to be seen yet. Read before the next try. */
	#clash(left: readonly Job[]): void {
		const first = left[0];
		if (first) this.#options.memory(first.stream)?.evict(first.stream);
		for (const job of left) job.unread = false;
	}

	/** The log cannot be read: whoever waits is told, and nothing in memory is trusted any more. */
	async #unavailable(jobs: readonly Job[], error: unknown): Promise<void> {
		this.#tail = null;
		for (const memory of this.#options.memories()) memory.clear();
		for (const job of [...jobs, ...this.#waiting.splice(0)]) job.failed(new StoreUnavailable(`${this.log.name} cannot be read`, error));
		await this.#options.pause(50);
	}
}

/** A decision that throws is a bug of one command: it fails, and no other with it. */
function verdictOf(job: Job): Verdict {
	try {
		return job.decide();
	} catch (error) {
		job.failed(asError(error));
		return "over";
	}
}
