/**
 * Due - rows that read differently because time passes: rewritten once their hour has come, and once more where the clock was set
 * back behind it. Only how a row is found hangs on it: what is shown of it is worked out when it is read.
 */
import type { AnyProjection } from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import { type LogPartition, StoreUnavailable } from "../../store/log.ts";
import type { Change, Row, Table } from "../../store/rows.ts";
import type { Timers } from "../common/timers.ts";

/** Rows rewritten at a time. */
const DUE_PAGE = 200;
/** Rows looked at together after the clock was set back. */
const PAGE = 500;
/** A clock set back by less is where it was before anybody has seen the difference, in milliseconds. */
const SLIGHT = 1000;
/** How long a list waits for that, in milliseconds: beyond it some rows are found where they were a while longer. */
const PATIENCE = 1000;
/** After every instant. */
const NEVER = "~";

/** The projector whose rows these are. */
export interface Dated {
	readonly projection: AnyProjection;
	readonly table: Table;
	readonly timers: Timers;
	clock(): string;
	/** Runs a task while nothing is folded. */
	hold<T>(task: () => Promise<T>): Promise<T>;
	/** The row as it is to be written at that instant. */
	rewritten(row: Row, now: string): Change;
	/** It was written. */
	forget(id: string): void;
}

/** When the last commit of these logs was decided; "" where there is none, or nobody can say. */
export async function lastInstant(logs: readonly LogPartition[]): Promise<string> {
	const last = async (log: LogPartition): Promise<string> => {
		const [commit] = await log.read((await log.tail()).position - 1, 1);
		return commit ? decode(commit).at : "";
	};
	const instants = await Promise.all(logs.map((log) => last(log).catch(() => "")));
	return instants.reduce((latest, instant) => (instant > latest ? instant : latest), "");
}

export class Due {
	readonly #owner: Dated;
	/** The latest instant rows were written by. */
	#latest = "";
	/** Rows may stand as they will read up to this instant. */
	#ahead: string | null = null;
	#looking: Promise<void> | null = null;
	/** The next time rows are rewritten, while it has not begun. */
	#next: Promise<void> | null = null;

	constructor(owner: Dated) {
		this.#owner = owner;
	}

	/** Rows are written, or were before this start, as they read at this instant. */
	seen(instant: string): void {
		if (instant >= this.#latest) this.#latest = instant;
		else if (Date.parse(this.#latest) - Date.parse(instant) > SLIGHT) {
			if (this.#latest > (this.#ahead ?? "")) this.#ahead = this.#latest;
			this.#latest = instant;
		}
	}

	/** Called before rows are looked for. Where they cannot be written, or not soon, they are found as they were. */
	async refresh(): Promise<void> {
		if (!this.#owner.projection.due) return;
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

	/** Once for all who ask before it begins. */
	#rewriteSoon(): Promise<void> {
		if (this.#next) return this.#next;
		const next = this.#owner.hold(() => {
			this.#next = null;
			return this.#rewriteDue();
		});
		next.catch(() => undefined); // whoever waits for it is told
		return (this.#next = next);
	}

	async #rewriteDue(): Promise<void> {
		const { table } = this.#owner;
		const now = this.#owner.clock();
		for (let rows = await table.due(now, DUE_PAGE); rows.length > 0; rows = rows.length < DUE_PAGE ? [] : await table.due(now, DUE_PAGE))
			for (const row of rows) await this.#rewrite(row, now);
	}

	/** Every row whose hour lies between now and then, once for all who ask. */
	#lookAgain(until: string): Promise<void> {
		if (this.#looking) return this.#looking;
		this.#looking = this.#throughAll(until).finally(() => (this.#looking = null));
		this.#looking.catch(() => undefined); // whoever waits for it is told; else it is tried again with the next list
		return this.#looking;
	}
	async #throughAll(until: string): Promise<void> {
		for (let after: string | null = ""; after !== null;) after = await this.#owner.hold(() => this.#through(after ?? "", until));
		if (this.#ahead === until) this.#ahead = null;
	}
	/** A page; resolves to where the next begins. */
	async #through(after: string, until: string): Promise<string | null> {
		const { projection, table } = this.#owner;
		const now = this.#owner.clock();
		const rows = await table.scan(after, PAGE);
		for (const row of rows) if (row.data && (projection.due?.(row.data, now) ?? NEVER) <= until) await this.#rewrite(row, now);
		return rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
	}

	async #rewrite(row: Row, now: string): Promise<void> {
		await this.#owner.table.refresh(this.#owner.rewritten(row, now));
		this.#owner.forget(row.id);
	}
}
