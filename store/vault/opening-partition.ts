/** OpeningPartition - a partition whose commits have the keys of their sealed data when they are returned; it stores them as they are. */
import type { Commit, Head, LogPartition, Tail } from "../log.ts";

export class OpeningPartition implements LogPartition {
	readonly #stored: LogPartition;
	readonly #withKeys: (commits: Commit[]) => Promise<Commit[]>;
	readonly probe?: () => Promise<void>;

	constructor(stored: LogPartition, withKeys: (commits: Commit[]) => Promise<Commit[]>) {
		this.#stored = stored;
		this.#withKeys = withKeys;
		if (stored.probe) this.probe = () => stored.probe?.() ?? Promise.resolve();
	}
	get name(): string {
		return this.#stored.name;
	}
	get maxBatch(): number {
		return this.#stored.maxBatch;
	}
	get readsFirst(): boolean {
		return this.#stored.readsFirst;
	}
	async read(after: number, limit: number): Promise<Commit[]> {
		return this.#withKeys(await this.#stored.read(after, limit));
	}
	async streams(names: readonly string[], limit: number): Promise<Commit[]> {
		return this.#withKeys(await this.#stored.streams(names, limit));
	}
	async stream(name: string, from: number, limit: number): Promise<Commit[]> {
		return this.#withKeys(await this.#stored.stream(name, from, limit));
	}
	async lastBefore(name: string, version: number): Promise<Commit | null> {
		const commit = await this.#stored.lastBefore(name, version);
		return commit && ((await this.#withKeys([commit]))[0] ?? null);
	}
	tail(): Promise<Tail> {
		return this.#stored.tail();
	}
	append(commits: readonly Commit[]): Promise<boolean> {
		return this.#stored.append(commits);
	}
	endsAt(position: number): Promise<boolean> {
		return this.#stored.endsAt(position);
	}
	heads(): Promise<Head[]> {
		return this.#stored.heads();
	}
	keepHead(head: Head): Promise<void> {
		return this.#stored.keepHead(head);
	}
}
