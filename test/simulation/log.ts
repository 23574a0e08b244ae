/** Log - a partition that follows the contract of store/log.ts, on the shared server and as seen by one node. */
import type { Commit, Head, LogPartition, Tail } from "../../store/log.ts";
import type { Owner } from "./scheduler.ts";
import type { Server, Work } from "./server.ts";

/** A stored commit, with the steps at which it was written and became visible. */
export interface Kept {
	readonly commit: Commit;
	readonly written: number;
	seen: number;
	readonly seq: number;
	/** Name of the node that wrote it. */
	readonly by: string;
}
const plain = ({ position, stream, version, body, hash }: Commit): Commit => ({ position, stream, version, body, hash });

export class Partition {
	readonly name: string;
	readonly kept: Kept[] = [];
	readonly #server: Server;
	readonly #streams = new Map<string, Kept[]>();
	readonly #noticed: (position: number, by: string) => void;

	/** `noticed` is called when a commit becomes visible. */
	constructor(server: Server, name: string, noticed: (position: number, by: string) => void) {
		this.#server = server;
		this.name = name;
		this.#noticed = noticed;
	}
	get top(): number {
		return this.kept.length;
	}

	/** Appends all or nothing, only at the end. */
	*appendWhole(commits: readonly Commit[], by: string): Work<boolean> {
		const fits = commits[0]?.position === this.top + 1 && commits.every((commit) => !this.#isTaken(commit));
		if (fits) for (const commit of commits) this.#put(commit, by);
		else this.#server.scheduler.count("commits refused");
		return fits;
	}
	/** Appends one by one until one does not fit; other writes may come in between. */
	*appendEach(commits: readonly Commit[], by: string): Work<boolean> {
		const together = this.#server.scheduler.calm || this.#server.scheduler.chance.pick(3) === 0;
		let fits = true;
		for (const [i, commit] of commits.entries()) {
			if (i > 0 && !together) yield this.#server.slow();
			fits = commit.position === this.top + 1 && !this.#isTaken(commit);
			if (!fits) {
				this.#server.scheduler.count("commits refused");
				this.#server.scheduler.say(() => `    duplicate: ${this.name}[${commit.position}] ${commit.stream} v${commit.version}`);
				break;
			}
			this.#put(commit, by);
		}
		yield this.#server.safe();
		return fits;
	}
	#isTaken({ stream, version }: Commit): boolean {
		return this.#streams.get(stream)?.some(({ commit }) => commit.version === version) ?? false;
	}
	#put(given: Commit, by: string): void {
		const { scheduler } = this.#server;
		const commit = plain(given);
		const undo = (): void => {
			this.kept.pop();
			this.#streams.get(commit.stream)?.pop();
		};
		const holder: { kept?: Kept } = {};
		const seen = (): void => {
			if (holder.kept) holder.kept.seen = scheduler.steps;
			this.#noticed(commit.position, by);
		};
		const seq = this.#server.wrote(undo, seen);
		const kept: Kept = { commit, written: scheduler.steps, seen: this.#server.majority >= seq ? scheduler.steps : Infinity, seq, by };
		holder.kept = kept;
		this.kept.push(kept);
		const stream = this.#streams.get(commit.stream);
		if (stream) stream.push(kept);
		else this.#streams.set(commit.stream, [kept]);
		scheduler.say(() => `    ${this.name}[${commit.position}] = ${commit.stream} v${commit.version} ${said(commit)} by ${by}`);
	}

	/** Number of the last write that the majority has, or an older one. */
	#view(stale: boolean): number {
		const { scheduler, majority, config } = this.#server;
		if (!stale || scheduler.calm || !scheduler.chance.often(config.faults.stale)) return majority;
		return majority - 1 - scheduler.chance.pick(6);
	}
	*read(after: number, limit: number, stale: boolean): Work<Commit[]> {
		const view = this.#view(stale);
		const found: Commit[] = [];
		for (let place = after; place < this.top && found.length < limit; place++) {
			const kept = this.kept[place];
			if (kept && kept.seq <= view) found.push(plain(kept.commit));
		}
		return found;
	}
	/** Answers about the last write once the majority has it; a former primary never answers. */
	*endsAt(position: number): Work<boolean> {
		const ends = this.top === position;
		yield this.#server.safe();
		return ends;
	}
	*tail(): Work<Tail> {
		const last = this.kept.findLast(({ seq }) => seq <= this.#server.majority);
		return { position: last?.commit.position ?? 0, hash: last?.commit.hash ?? "" };
	}
	*streams(names: readonly string[], limit: number): Work<Commit[]> {
		return names.flatMap((name) => this.#of(name)).slice(0, limit);
	}
	*stream(name: string, from: number, limit: number): Work<Commit[]> {
		return this.#of(name)
			.filter(({ version }) => version >= from)
			.slice(0, limit);
	}
	#of(name: string): Commit[] {
		const kept = this.#streams.get(name)?.filter(({ seq }) => seq <= this.#server.majority) ?? [];
		return kept.map(({ commit }) => plain(commit));
	}
}

/** The partition as seen by one life of a node. */
export class SeenPartition implements LogPartition {
	readonly name: string;
	readonly maxBatch: number;
	readonly readsFirst: boolean;
	readonly #partition: Partition;
	readonly #server: Server;
	readonly #owner: Owner;
	readonly #by: string;
	readonly #stale: boolean;

	/** `stale`: a former primary may answer reads. */
	constructor(partition: Partition, server: Server, owner: Owner, by: string, stale: boolean) {
		this.#partition = partition;
		this.#server = server;
		this.#owner = owner;
		this.#by = by;
		this.#stale = stale;
		this.name = partition.name;
		this.maxBatch = server.config.batch;
		this.readsFirst = server.config.store === "file";
	}
	tail(): Promise<Tail> {
		return this.#call(
			() => "tail",
			() => this.#partition.tail(),
		);
	}
	append(commits: readonly Commit[]): Promise<boolean> {
		const copies = commits.map(plain);
		const whole = this.#server.config.store === "file";
		return this.#call(
			() => `append at ${commits[0]?.position}: ${commits.map((commit) => commit.stream).join(", ")}`,
			() => (whole ? this.#partition.appendWhole(copies, this.#by) : this.#partition.appendEach(copies, this.#by)),
		);
	}
	read(after: number, limit: number): Promise<Commit[]> {
		return this.#call(
			() => `read after ${after}`,
			() => this.#partition.read(after, limit, this.#stale),
		);
	}
	endsAt(position: number): Promise<boolean> {
		return this.#call(
			() => `is ${position} the end`,
			() => this.#partition.endsAt(position),
		);
	}
	streams(names: readonly string[], limit: number): Promise<Commit[]> {
		return this.#call(
			() => `read ${names.join(", ")}`,
			() => this.#partition.streams(names, limit),
		);
	}
	stream(name: string, from: number, limit: number): Promise<Commit[]> {
		return this.#call(
			() => `read ${name} from ${from}`,
			() => this.#partition.stream(name, from, limit),
		);
	}
	async lastBefore(name: string, version: number): Promise<Commit | null> {
		return (await this.stream(name, 0, Infinity)).findLast((commit) => commit.version < version) ?? null;
	}
	heads(): Promise<Head[]> {
		return Promise.resolve([]);
	}
	keepHead(): Promise<void> {
		return Promise.resolve();
	}
	#call<T>(what: () => string, work: () => Work<T>): Promise<T> {
		return this.#server.call(this.#owner, () => `${this.#by} ${this.name} ${what()}`, work);
	}
}

/** A commit in short, for the trace. */
function said({ body }: Commit): string {
	const { facts, command } = JSON.parse(body) as { facts: { type: string; data: object }[]; command: { id: string } }; // our own bodies
	return `${facts.map(({ type, data }) => `${type} ${JSON.stringify(data).slice(0, 90)}`).join(" + ")} (${command.id})`;
}
