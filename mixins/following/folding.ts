/** Folding - turns commits into changed rows, for projections and processes; each fact is folded into a row once. */
import type { Fold, Origin, Touch } from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import { Indigestible } from "../../store/follow.ts";
import type { Commit } from "../../store/log.ts";
import type { Row } from "../../store/rows.ts";

/** A fold of one fact into one row, ready to run. */
export interface FoldStep {
	readonly id: string;
	readonly origin: Origin;
	readonly data: unknown;
	readonly fold: Fold<object, unknown>;
	/** See Touch. */
	readonly counts: boolean;
}
type Handler = Fold<object, unknown> | Touch<object, unknown>;

/** The folds that a handler map declares for a batch of commits, in order; each row id is prefixed with `prefix`. */
export function stepsOf(
	handlers: Readonly<Record<string, unknown>>,
	context: string,
	partition: number,
	commits: readonly Commit[],
	prefix = "",
): FoldStep[] {
	const steps: FoldStep[] = [];
	const place = { position: 0 };
	guarded(place, () => {
		for (const commit of commits) {
			place.position = commit.position;
			let origin: Origin | null = null;
			for (const { type, data } of decode(commit).facts) {
				const handler = handlers[type] as Handler | undefined; // typed in the projection's definition
				if (!handler) continue;
				origin ??= originOf(commit, context, partition);
				const id = typeof handler === "function" ? origin.id : handler.row(data, origin);
				if (id !== null) steps.push(stepOf(handler, prefix + id, origin, data));
			}
		}
	});
	return steps;
}

const stepOf = (handler: Handler, id: string, origin: Origin, data: unknown): FoldStep =>
	typeof handler === "function"
		? { id, origin, data, fold: handler, counts: false }
		: { id, origin, data, fold: handler.fold, counts: handler.counts === true };

export function originOf(commit: Commit, context: string, partition: number): Origin {
	const { facts, at, by } = decode(commit);
	const cut = commit.stream.indexOf("-");
	return {
		log: context,
		partition,
		position: commit.position,
		service: commit.stream.slice(0, cut),
		id: commit.stream.slice(cut + 1),
		version: commit.version + facts.length,
		at,
		by,
		facts,
	};
}

/** A row with the facts of a batch folded in, not written yet. */
export interface Folded {
	readonly before: Row;
	data: object | null;
	/** Last position folded in, by partition. */
	at: Readonly<Record<string, number>>;
	/** Version of the actor after the last of its own facts in the batch. */
	version: number | undefined;
	position: number;
	/** Whether the batch only increments counters of the row, so that its index columns stay as they are. */
	counts: boolean;
}

/**
 * The rows that a batch changes; facts that a row has seen already are skipped. `of`: the service whose actors the rows belong to.
 * `all`: also return unchanged rows that exist.
 */
export function foldAll(
	rows: ReadonlyMap<string, Row>,
	steps: readonly FoldStep[],
	partition: string,
	of?: string,
	all = false,
): Map<string, Folded> {
	const folded = new Map<string, Folded>();
	const place = { position: 0 };
	guarded(place, () => {
		for (const { id, origin, data, fold, counts } of steps) {
			const before = rows.get(id);
			if (!before) continue;
			const seen = before.at[partition] ?? 0;
			const row = folded.get(id) ?? { before, data: before.data, at: before.at, version: undefined, position: seen, counts: true };
			if (all && before.data) folded.set(id, row);
			if (seen >= origin.position) continue;
			place.position = origin.position;
			row.data = fold(row.data, data, origin);
			if (origin.service === of && origin.id === id) row.version = origin.version;
			row.position = origin.position;
			row.counts &&= counts;
			folded.set(id, row);
		}
	});
	for (const row of folded.values()) if (row.position > (row.before.at[partition] ?? 0)) row.at = { ...row.at, [partition]: row.position };
	return folded;
}

/** An error thrown here is a bug in a fold: it stops the follower, and its message names the position. */
function guarded<T>(place: { readonly position: number }, run: () => T): T {
	try {
		return run();
	} catch (error) {
		throw new Indigestible(
			`the fact at position ${place.position} cannot be folded: ${error instanceof Error ? error.message : String(error)}`,
			{ cause: error },
		);
	}
}

/** Runs tasks one after another; a failed task does not block the next. */
export class Mutex {
	#last: Promise<unknown> = Promise.resolve();

	run<T>(task: () => Promise<T>): Promise<T> {
		const result = this.#last.then(task, task);
		this.#last = result.catch(() => undefined);
		return result;
	}
}
