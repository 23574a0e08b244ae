/**
 * Logs - copies the exact commits of every log, and the signed heads beside them. The target must be empty or hold the beginning of the
 * source, in which case the copy resumes; any other target is refused before anything is written.
 */
import { chained } from "../chain.ts";
import type { PublicKeys } from "../evidence/heads.ts";
import { type Commit, type Head, type LogPartition, type LogStore, PartitionsFixed, type Tail } from "../log.ts";
import { type Verified, verify } from "../evidence/verify.ts";
import { type Advance, MoveRefused, MoveUnfinished, sum, type Watch } from "./terms.ts";

/** A partition that is equal on both sides. */
export interface MovedLog {
	/** `<log>:<partition>` */
	readonly name: string;
	readonly commits: number;
	/** Number of signed heads at the target, and their highest position. */
	readonly heads: number;
	readonly signed: number;
}
/** Options for the verification of the target. */
export interface Proof {
	readonly keys: PublicKeys;
	/** Yields to the event loop. */
	readonly turn: () => Promise<void>;
}

const PAGE = 1000;

export class LogsMove {
	readonly #from: LogStore;
	readonly #to: LogStore;
	/** Filled by `open`. */
	#partitions: readonly PartitionMove[] = [];

	constructor(from: LogStore, to: LogStore) {
		this.#from = from;
		this.#to = to;
	}

	/** Positions already at the target, by partition. Rejects, without writing, if the copy cannot start or resume there. */
	async check(): Promise<ReadonlyMap<string, number>> {
		const [ours, theirs] = [await this.#from.contexts(), await this.#to.contexts()];
		if (ours.size === 0) throw new MoveRefused("there is no log at the source");
		if (await this.#from.moving()) throw new MoveRefused("a move to the source has not finished, so the source is incomplete");
		for (const [context, partitions] of theirs) {
			const wanted = ours.get(context) ?? partitions;
			if (wanted !== partitions)
				throw new PartitionsFixed(
					`partitions of the log "${context}": ${wanted} at the source, ${partitions} at the target; a log keeps the number it was created with`,
				);
		}
		const reached = new Map<string, number>();
		for (const context of theirs.keys()) {
			if (!ours.has(context)) await this.#checkEmpty(context);
			else for (const partition of await this.#pairs(context)) reached.set(partition.to.name, (await partition.begun()).position);
		}
		return reached;
	}
	async #checkEmpty(context: string): Promise<void> {
		for (const log of await this.#to.open(context)) if ((await log.tail()).position > 0) throw notOurs(`the log ${log.name}`);
	}

	/** Opens every log of the source on both sides. */
	async open(): Promise<void> {
		const all: PartitionMove[] = [];
		for (const [context, partitions] of await this.#from.contexts()) all.push(...(await this.#pairs(context, partitions)));
		this.#partitions = all;
	}
	async #pairs(context: string, partitions?: number): Promise<PartitionMove[]> {
		const theirs = await this.#to.open(context, partitions);
		return (await this.#from.open(context, theirs.length)).map((log, i) => {
			const beside = theirs[i];
			if (!beside) throw new Error(`there is no ${log.name} at the target`);
			return new PartitionMove(log, beside);
		});
	}

	/** Last positions of the source, by partition. */
	async tails(): Promise<ReadonlyMap<string, number>> {
		const tails = await Promise.all(this.#partitions.map(async ({ from }) => [from.name, (await from.tail()).position] as const));
		return new Map(tails);
	}

	/** Copies all heads first: a log that ends before a signed head is detectably incomplete. */
	async copy(watch: Watch): Promise<void> {
		for (const partition of this.#partitions) await partition.copyHeads();
		await this.#each(watch, "commits", (partition, advance) => partition.copy(advance));
	}
	/** Verifies chain, heads and end of every partition at the target; rejects at the first difference from the source. */
	async verified(watch: Watch, proof: Proof): Promise<MovedLog[]> {
		const moved: MovedLog[] = [];
		await this.#each(watch, "verifying commits", async (partition, advance) => {
			moved.push(await partition.verified(advance, proof));
		});
		return moved;
	}

	async #each(watch: Watch, label: string, work: (partition: PartitionMove, advance: Advance) => Promise<void>): Promise<void> {
		const total = sum([...(await this.tails()).values()]);
		await watch(label, total, async (advance) => {
			let before = 0;
			for (const partition of this.#partitions) {
				let reached = 0;
				await work(partition, (position) => advance(before + (reached = position), Math.max(total, before + position)));
				before += reached;
			}
		});
	}
}

const notOurs = (what: string): MoveRefused =>
	new MoveRefused(`${what} at the target is not from the source: the target must be empty or hold the beginning of the source`);

class PartitionMove {
	readonly from: LogPartition;
	readonly to: LogPartition;

	constructor(from: LogPartition, to: LogPartition) {
		this.from = from;
		this.to = to;
	}

	/** The tail of the target; rejects if the source does not hold that commit. */
	async begun(): Promise<Tail> {
		const there = await this.to.tail();
		if (there.position === 0) return there;
		const [here] = await this.from.read(there.position - 1, 1);
		if (here?.position === there.position && here.hash === there.hash) return there;
		throw notOurs(`the commit ${this.to.name}:${there.position}`);
	}

	async copy(advance: Advance): Promise<void> {
		for (let at = await this.begun(); ;) {
			advance(at.position);
			const page = await this.from.read(at.position, Math.min(PAGE, this.to.maxBatch));
			if (page.length === 0) return;
			const last = followed(this.from.name, at, page);
			let failure: unknown = new MoveUnfinished(`${this.to.name} accepts no commits after ${at.position}`);
			const appended = await this.to.append(page).catch((error: unknown) => void (failure = error));
			const next = appended ? last : await this.begun(); // after a false or an error only the target shows what was stored
			if (next.position === at.position) throw failure;
			at = next;
		}
	}
	async copyHeads(): Promise<void> {
		const there = new Set((await this.to.heads()).map(textOf));
		for (const head of await this.from.heads()) if (!there.has(textOf(head))) await this.to.keepHead(head);
	}

	async verified(advance: Advance, { keys, turn }: Proof): Promise<MovedLog> {
		const heads = await this.from.heads();
		for await (const step of verify(this.to, { keys, heads, turn })) {
			if ("position" in step) advance(step.position);
			else this.#fits(step);
		}
		const [ours, theirs, there] = [await this.from.tail(), await this.to.tail(), await this.to.heads()];
		if (ours.position !== theirs.position || ours.hash !== theirs.hash)
			throw new MoveUnfinished(`${this.to.name} does not end where the source ends`);
		const newest = new Map(heads.map((head) => [head.key, head])).values(); // a store may keep fewer, but always the newest of each key
		const missing = newest.find((head) => !there.some((one) => textOf(one) === textOf(head)));
		if (missing) throw new MoveRefused(`the head of ${this.to.name} at ${missing.position} is different at the target`);
		return { name: this.to.name, commits: theirs.position, heads: there.length, signed: there.at(-1)?.position ?? 0 };
	}
	#fits({ findings }: Verified): void {
		const [first] = findings;
		if (!first) return;
		const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
		throw new MoveRefused(`${first.code} at ${first.log}:${first.position}: ${first.detail}${more}`);
	}
}

/** The place of the last commit; throws if the chain of the source is broken, so that damage is not copied. */
function followed(name: string, tail: Tail, commits: readonly Commit[]): Tail {
	let { position, hash } = tail;
	for (const commit of commits) {
		hash = chained(hash, commit.stream, commit.version, commit.body);
		if (commit.position !== ++position || commit.hash !== hash)
			throw new MoveRefused(`${name}:${position} of the source does not follow from the commit before it: run es-verify for details`);
	}
	return { position, hash };
}

const textOf = ({ position, hash, at, key, signature }: Head): string => [position, hash, at, key, signature].join(" ");
