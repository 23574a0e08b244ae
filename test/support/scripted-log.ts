/**
 * ScriptedLog - a log in memory with scripted faults of stores and networks: it refuses, loses an answer, writes a part, stores late, lets
 * other writers in between, or cannot be read. Several logs on one shelf simulate several processes on one log.
 */
import type { Commit, Head, LogPartition, Tail } from "../../store/log.ts";
import { EMPTY } from "./commits.ts";
import { turns } from "./turns.ts";

/** Outcome of the next append. A number stores that many commits and rejects. `late` rejects, and is stored with the following append. */
export type Mishap = "fine" | "rejected" | "false" | "lost" | "late" | number;

/** The durable content, shared by all logs on it. */
export class Shelf {
	readonly commits: Commit[] = [];
	readonly heads: Head[] = [];
	/** A pending late append, as a store without transactions may have. */
	late: (() => void) | null = null;

	get tail(): Tail {
		return this.commits.at(-1) ?? EMPTY;
	}
	/** Appends in order until a commit does not fit; returns the number of stored commits. */
	put(commits: readonly Commit[]): number {
		let written = 0;
		for (const { position, stream, version, body, hash } of commits) {
			const taken = this.commits.some((other) => other.stream === stream && other.version === version);
			if (position !== this.tail.position + 1 || taken) break;
			this.commits.push({ position, stream, version, body, hash });
			written++;
		}
		return written;
	}
}

export class ScriptedLog implements LogPartition {
	readonly name: string;
	readonly maxBatch: number;
	readonly readsFirst: boolean;
	readonly shelf: Shelf;
	/** Outcomes of the next appends; `fine` if empty. */
	readonly script: Mishap[] = [];
	/** Runs before each append reaches the shelf. */
	before: ((commits: readonly Commit[]) => void) | null = null;
	/** Number of commits in each append; the two fields below record other calls. */
	readonly appends: number[] = [];
	readonly looks: number[] = [];
	readonly streamReads: string[][] = [];
	/** Number of further reads that fail, including tails and streams. */
	unreadable = 0;
	/** Turns of the event loop that the next calls take, so that others come in between; 0 if empty. */
	readonly delays: number[] = [];
	/** Last visible position, to simulate a growing log. */
	visible = Number.POSITIVE_INFINITY;
	#held: Promise<void> | null = null;

	constructor(shelf = new Shelf(), { name = "bank:0", maxBatch = 100, readsFirst = false } = {}) {
		this.shelf = shelf;
		this.name = name;
		this.maxBatch = maxBatch;
		this.readsFirst = readsFirst;
	}

	/** Blocks appends until the returned function is called. */
	hold(): () => void {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#held = promise;
		return () => {
			this.#held = null;
			resolve();
		};
	}

	async tail(): Promise<Tail> {
		await this.#pass();
		const { position, hash } = this.shelf.tail;
		return { position, hash };
	}

	async append(commits: readonly Commit[]): Promise<boolean> {
		this.appends.push(commits.length);
		await this.#held;
		await turns(this.delays.shift() ?? 0);
		this.before?.(commits);
		const mishap = this.script.shift() ?? "fine";
		const { late } = this.shelf;
		this.shelf.late = mishap === "late" ? () => this.shelf.put(commits) : null;
		late?.();
		const whole = this.#put(mishap, commits);
		await turns(this.delays.shift() ?? 0);
		if (mishap === "rejected" || mishap === "late") throw new Error("the store did not answer");
		if (mishap === "lost" || typeof mishap === "number") throw new Error("the answer was lost");
		return whole;
	}
	#put(mishap: Mishap, commits: readonly Commit[]): boolean {
		if (mishap === "rejected" || mishap === "late" || mishap === "false") return false;
		return this.shelf.put(typeof mishap === "number" ? commits.slice(0, mishap) : commits) === commits.length;
	}

	async read(after: number, limit: number): Promise<Commit[]> {
		await this.#pass();
		this.looks.push(after);
		return this.shelf.commits.slice(after, Math.min(after + limit, this.visible)).map((commit) => ({ ...commit }));
	}

	async endsAt(position: number): Promise<boolean> {
		await this.#pass();
		this.looks.push(position);
		return this.shelf.tail.position === position;
	}

	async heads(): Promise<Head[]> {
		return this.shelf.heads;
	}
	async keepHead(head: Head): Promise<void> {
		this.shelf.heads.push(head);
	}
	async streams(names: readonly string[], limit: number): Promise<Commit[]> {
		await this.#pass();
		this.streamReads.push([...names]);
		return names.flatMap((name) => this.#of(name)).slice(0, limit);
	}
	async stream(name: string, from: number, limit: number): Promise<Commit[]> {
		await this.#pass();
		return this.#of(name)
			.filter(({ version }) => version >= from)
			.slice(0, limit);
	}
	async lastBefore(name: string, version: number): Promise<Commit | null> {
		await this.#pass();
		return this.#of(name).findLast((commit) => commit.version < version) ?? null;
	}
	#of(name: string): Commit[] {
		return this.shelf.commits.filter(({ stream }) => stream === name).map((commit) => ({ ...commit }));
	}

	async #pass(): Promise<void> {
		await turns(this.delays.shift() ?? 0);
		if (this.unreadable <= 0) return;
		this.unreadable--;
		throw new Error("the store cannot be reached");
	}
}
