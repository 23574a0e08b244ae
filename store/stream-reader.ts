/**
 * StreamReader - reads the streams that a batch of jobs needs into memory, with a limit on commits per turn: a long stream is read over
 * several turns and a damaged one fails alone, so that neither delays other streams.
 */
import type { WriterFigures } from "./figures.ts";
import type { Job, Memory } from "./job.ts";
import { type Commit, type LogPartition, StoreUnavailable, StreamUnreadable } from "./log.ts";

/** Maximum number of commits read in one turn: a few milliseconds. */
const READ = 2000;

type Failed = (stream: string, error: Error) => void;

export class StreamReader {
	readonly #log: LogPartition;
	readonly #memory: (stream: string) => Memory | undefined;
	readonly #figures: WriterFigures;

	constructor(log: LogPartition, memory: (stream: string) => Memory | undefined, figures: WriterFigures) {
		this.#log = log;
		this.#memory = memory;
		this.#figures = figures;
	}

	/** Uses one query for all streams that start at their beginning, and one per partly read stream. Rejects if the log cannot be read. */
	async read(jobs: readonly Job[]): Promise<void> {
		const [fresh, begun] = this.#missing(jobs);
		if (fresh.length + begun.length === 0) return;
		const failed: Failed = (stream, error) => {
			this.#figures.lost(stream, error);
			for (const job of jobs) if (job.stream === stream || job.beside === stream) job.failed(error);
		};
		const reads = fresh.length === 0 ? [] : [...(await readable(this.#log, fresh, READ, failed))];
		let left = READ;
		for (const stream of begun) {
			if (left <= 0) break;
			const read = await this.#more(stream, left, failed);
			left -= read?.commits.length ?? 0;
			if (read) reads.push(read);
		}
		for (const read of reads) this.#load(read, failed);
	}

	/** Needed streams that are not in memory, and those that are there in part. */
	#missing(jobs: readonly Job[]): readonly [fresh: readonly string[], begun: readonly string[]] {
		const [fresh, begun] = [new Set<string>(), new Set<string>()];
		const need = (stream: string): void => {
			const memory = this.#memory(stream);
			if (!memory?.has(stream)) (memory?.known(stream) ? begun : fresh).add(stream);
		};
		for (const { stream, unread, beside } of jobs) {
			if (!unread || this.#log.readsFirst) need(stream);
			if (beside !== undefined) need(beside);
		}
		return [[...fresh], [...begun]];
	}

	async #more(stream: string, limit: number, failed: Failed): Promise<Read | null> {
		try {
			const commits = await this.#log.stream(stream, this.#memory(stream)?.known(stream) ?? 0, limit);
			return { stream, commits, whole: commits.length < limit };
		} catch (error) {
			await this.#log.tail();
			failed(stream, new StoreUnavailable(`${stream} cannot be read`, error));
			return null;
		}
	}

	#load({ stream, commits, whole }: Read, failed: Failed): void {
		try {
			this.#memory(stream)?.load(stream, commits, whole);
			if (whole) this.#figures.unreadable.delete(stream);
		} catch (error) {
			failed(stream, error instanceof StreamUnreadable ? error : new StreamUnreadable(stream, error));
		}
	}
}

/** Commits read from one stream; `whole`: there are no more. */
interface Read {
	readonly stream: string;
	readonly commits: readonly Commit[];
	readonly whole: boolean;
}

/**
 * The beginnings of streams, with a limit on the total number of commits. A stream that was not read is absent from the result; one that
 * does not exist has no commits. If the query fails although the log answers, each half is retried, down to the failing streams. Rejects
 * if the log itself cannot be read.
 */
async function readable(log: LogPartition, names: readonly string[], limit: number, failed: Failed): Promise<readonly Read[]> {
	try {
		return readsOf(names, await log.streams(names, limit), limit);
	} catch (error) {
		await log.tail();
		const [only] = names;
		if (only !== undefined && names.length === 1) failed(only, new StoreUnavailable(`${only} cannot be read`, error));
		if (names.length < 2) return [];
		const half = Math.ceil(names.length / 2);
		const halves = [names.slice(0, half), names.slice(half)];
		return (await Promise.all(halves.map((part) => readable(log, part, limit, failed)))).flat();
	}
}

function readsOf(names: readonly string[], commits: readonly Commit[], limit: number): readonly Read[] {
	const found = Map.groupBy(commits, ({ stream }) => stream);
	const cut = commits.length >= limit ? commits.at(-1)?.stream : undefined;
	return names.flatMap((stream): readonly Read[] => {
		const own = found.get(stream);
		if (!own && cut !== undefined) return [];
		return [{ stream, commits: own ?? [], whole: stream !== cut }];
	});
}
