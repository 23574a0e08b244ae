/**
 * TimedRows - rewrites rows that read differently because time passes: at their due time, and again if the clock was set back before that
 * time. It affects only filters and sorting, because the content of a row is computed when it is read.
 */
import type { AnyProjection } from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import { type LogPartition, StoreUnavailable } from "../../store/log.ts";
import type { Change, Row, Table } from "../../store/rows.ts";
import type { Timers } from "../common/timers.ts";

/** Due rows that are read at a time. */
const DUE_PAGE = 200;
/** Rows scanned at a time after the clock was set back. */
const PAGE = 500;
/** Milliseconds; a smaller step back of the clock is ignored. */
const SLIGHT = 1000;
/** How long a list waits for the rewriting, in milliseconds; after that some rows are still found by their old values. */
const PATIENCE = 1000;
/** Sorts after every instant. */
const NEVER = "~";

/** The projector that owns the rows. */
export interface TimedParts {
	readonly projection: AnyProjection;
	readonly table: Table;
	readonly timers: Timers;
	clock(): string;
	/** Runs a task while no batch is folded. */
	hold<T>(task: () => Promise<T>): Promise<T>;
	/** The change that writes a row as it reads at `now`. */
	rewritten(row: Row, now: string): Change;
	/** Drops a rewritten row from the cache. */
	forget(id: string): void;
}

/** Instant of the last commit in these logs; "" if there is none or the logs cannot be read. */
export async function lastInstant(logs: readonly LogPartition[]): Promise<string> {
	const last = async (log: LogPartition): Promise<string> => {
		const [commit] = await log.read((await log.tail()).position - 1, 1);
		return commit ? decode(commit).at : "";
	};
	const instants = await Promise.all(logs.map((log) => last(log).catch(() => "")));
	return instants.reduce((latest, instant) => (instant > latest ? instant : latest), "");
}

export class TimedRows {
	readonly #owner: TimedParts;
	/** Latest instant as of which rows were written. */
	#latest = "";
	/** After the clock was set back: rows may be written as of any instant up to this one. */
	#ahead: string | null = null;
	#looking: Promise<void> | null = null;
	/** The next rewriting, while it has not started. */
	#next: Promise<void> | null = null;

	constructor(owner: TimedParts) {
		this.#owner = owner;
	}

	/** Notes that rows are written as of this instant, and whether the clock was set back. */
	seen(instant: string): void {
		if (instant >= this.#latest) this.#latest = instant;
		else if (Date.parse(this.#latest) - Date.parse(instant) > SLIGHT) {
			if (this.#latest > (this.#ahead ?? "")) this.#ahead = this.#latest;
			this.#latest = instant;
		}
	}

	/** Called before rows are searched. If rewriting fails or takes too long, rows are found by their old values. */
	async refresh(): Promise<void> {
		if (!this.#owner.projection.changesAt) return;
		this.seen(this.#owner.clock());
		const { promise: late, resolve } = Promise.withResolvers<void>();
		const cancel = this.#owner.timers.later(PATIENCE, resolve);
		try {
			if (this.#ahead !== null) await Promise.race([this.#lookAgain(this.#ahead), late]);
			await Promise.race([this.#rewriteSoon(), late]);
		} catch (error) {
			if (!(error instanceof StoreUnavailable)) throw error;
		} finally {
			cancel();
		}
	}

	/** All callers before the start share one rewriting. */
	#rewriteSoon(): Promise<void> {
		if (this.#next) return this.#next;
		const next = this.#owner.hold(() => {
			this.#next = null;
			return this.#rewriteDue();
		});
		next.catch(() => undefined); // the callers that wait get the error
		return (this.#next = next);
	}

	async #rewriteDue(): Promise<void> {
		const { table } = this.#owner;
		const now = this.#owner.clock();
		for (let rows = await table.due(now, DUE_PAGE); rows.length > 0; rows = rows.length < DUE_PAGE ? [] : await table.due(now, DUE_PAGE))
			for (const row of rows) await this.#rewrite(row, now);
	}

	/** Rewrites every row that is due between now and `until`; concurrent callers share one run. */
	#lookAgain(until: string): Promise<void> {
		if (this.#looking) return this.#looking;
		this.#looking = this.#throughAll(until).finally(() => (this.#looking = null));
		this.#looking.catch(() => undefined); // the callers that wait get the error, and the next list retries
		return this.#looking;
	}
	async #throughAll(until: string): Promise<void> {
		for (let after: string | null = ""; after !== null;) after = await this.#owner.hold(() => this.#through(after ?? "", until));
		if (this.#ahead === until) this.#ahead = null;
	}
	/** Rewrites one page; resolves to the id after which the next begins, or null. */
	async #through(after: string, until: string): Promise<string | null> {
		const { projection, table } = this.#owner;
		const now = this.#owner.clock();
		const rows = await table.scan(after, PAGE);
		for (const row of rows) if (row.data && (projection.changesAt?.(row.data, now) ?? NEVER) <= until) await this.#rewrite(row, now);
		return rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
	}

	async #rewrite(row: Row, now: string): Promise<void> {
		await this.#owner.table.refresh(this.#owner.rewritten(row, now));
		this.#owner.forget(row.id);
	}
}
