/** Contestant - what the harness knows of whoever keeps the facts: how to ask it, and how to count afterwards what it kept. */
import type { Order, Reading, Row, Shape } from "./work.ts";

/** One measurement; goes to the processes that make and check it. */
export interface Task {
	readonly contestant: string;
	readonly shape: Shape;
	readonly inFlight: number;
	readonly projection: boolean;
	readonly warmMs: number;
	readonly measureMs: number;
	/** Commands at most, so that the streams of the fast do not become longer than those of the slow by orders of magnitude. */
	readonly most: number;
	/** Empty, and gone afterwards. */
	readonly folder: string;
	/** An empty database; absent where there is no server. */
	readonly mongoUrl?: string;
}

/** A fact that was kept. */
export interface Kept {
	/** Of the actor. */
	readonly id: string;
	/** 1, 2, 3 ... in its stream. */
	readonly version: number;
	/** Of the command it comes from. */
	readonly n: number;
}

export interface Running {
	/** Load, decide, append: resolves when acknowledged, rejects when refused for good. */
	command(shape: Shape, order: Order): Promise<void>;
	/** Attempts that were made again, by it or on its own advice. */
	retried(): number;
	/** Resolves when the read model shows everything acknowledged. */
	complete(): Promise<void>;
	/** The read model, through its own reader. */
	rows(): Promise<ReadonlyMap<string, Row>>;
	/** What it keeps, where no other process can look. */
	kept?(): Promise<readonly Kept[]>;
}

/** What a contestant's module has. */
export interface Contestant {
	open(task: Task): Promise<Running>;
	/** What a fresh process finds; nothing of those in memory. */
	find?(task: Task): Promise<readonly Kept[]>;
}

/** What one measurement came to; written before the process is killed. */
export interface Outcome {
	readonly perSecond: number;
	readonly p50Ms: number | null;
	readonly p99Ms: number | null;
	/** Of the process, all its threads, for one command; a server's are its own. */
	readonly cpuMicros: number | null;
	/** What was acknowledged, by its number; what warmed up included. */
	readonly acknowledged: readonly number[];
	readonly refused: Readonly<Record<string, number>>;
	readonly retried: number;
	/** Whether what was in flight when the time was over was ever answered. */
	readonly drained: boolean;
	/** Readings a row shows, by actor; null without a read model. */
	readonly rows: Readonly<Record<string, number>> | null;
	readonly kept?: readonly Kept[];
}
/** What is left of it. */
export interface Verdict {
	/** Acknowledged commands whose fact is there exactly once. */
	readonly found: number;
	readonly lost: number;
	readonly duplicated: number;
	/** Streams whose versions are not 1, 2, 3 ... */
	readonly broken: number;
	/** Rows that do not show what the facts say; null without a read model. */
	readonly wrongRows: number | null;
}

export const contentOf = ({ id: _id, ...content }: Order): Reading => content;
export const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
