/**
 * Runner - runs one process: folds the facts it follows into rows, evaluates which commands are still needed, and sends them until
 * they are done. Recovery sends them again (docs/decisions/0005-process-rows-written-behind.md). Does not depend on Moleculer.
 */
import type { AnyProcess, Instant } from "../../model/index.ts";
import { ForeignHistory } from "../../store/chain.ts";
import { anchored, type Follower } from "../../store/follow.ts";
import type { Commit, Tail } from "../../store/log.ts";
import { type Change, checkpointOf, type Checkpoints, type Row, type Table } from "../../store/rows.ts";
import { foldAll, Mutex } from "../following/folding.ts";
import { INTERVENTIONS } from "./interventions.ts";
import { type Batches, Outbox, type Refused, type Send } from "./outbox.ts";
import { ProcessReferences } from "./references.ts";
import { Deadlines } from "./deadlines.ts";
import { Evaluation, standing } from "./evaluation.ts";
import { Parking } from "./parking.ts";
import { pendingOf, REFERENCE, referenceChange, rowsIn, stateOf, SUBJECT } from "./rows.ts";
import { processSteps } from "./steps.ts";
import type { Followed, Partitioned } from "../following/following.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";
import { WriteBehind } from "./write-behind.ts";

/** Rows read at a time. */
const PAGE = 500;
/** Facts in a batch from which on the next batch is read without a delay. */
const FEW = 100;
/** Rounds of recovery that may be skipped in a row. */
const PUT_OFF = 12;

export class ProcessRunner {
	readonly process: AnyProcess;
	readonly table: Table;
	readonly followers: Follower[] = [];
	readonly outbox: Outbox;
	readonly rows: WriteBehind;
	/** Sends the commands whose instant has come; called regularly. */
	readonly deadlines: Deadlines;
	/** The parked work, for operators. */
	readonly parking: Parking;
	readonly #evaluation: Evaluation;
	readonly #references: ProcessReferences;
	readonly #mutex = new Mutex();
	/** Whether the next batch of a partition is delayed: its last one had few facts about subjects and none about references. */
	readonly #starting = new Map<string, boolean>();
	#putOff = 0;
	/** The ends of the logs at the start that are not read yet, by partition. */
	readonly #ends = new Map<string, { readonly position: number; readonly reached: () => void }>();

	constructor(
		manager: AnyProcess,
		table: Table,
		send: Send,
		timers: Timers = nodeTimers,
		clock: () => Instant = () => new Date().toISOString(),
		batches?: Batches,
	) {
		this.process = manager;
		this.table = table;
		this.rows = new WriteBehind(
			table,
			(task) => this.#mutex.run(task),
			(checkpoints) => this.#overtaken(checkpoints),
			timers,
		);
		const owner = { again: (id: string) => this.#again([id]), park: (refused: Refused) => this.parking.park(refused) };
		const outbox = (this.outbox = new Outbox(manager.name, send, owner, timers, batches));
		const evaluation = (this.#evaluation = new Evaluation(manager, this.rows, clock));
		const parts = { process: manager, table, rows: this.rows, mutex: this.#mutex, outbox, evaluation, clock, timers };
		const again = (ids: readonly string[]) => this.#again(ids);
		this.#references = new ProcessReferences({ ...parts, again });
		this.parking = new Parking(parts);
		this.deadlines = new Deadlines({ ...parts, again });
	}

	/** Rejects before any command is sent if the rows are of another history. Reads all interventions before it sends commands. */
	async start(logs: readonly Followed[], stopped: (error: Error) => void): Promise<void> {
		this.outbox.hold();
		const checkpoints = await this.table.checkpoints();
		await Promise.all(
			logs.map(({ log }) => anchored(log.name, (after, limit) => log.read(after, limit), checkpointOf(checkpoints, log.name))),
		);
		this.rows.begin(Object.fromEntries(logs.map(({ log }) => [log.name, checkpointOf(checkpoints, log.name)])));
		const tails = new Map(await Promise.all(logs.map(async (one) => [one, (await one.log.tail()).position] as const)));
		const read = (one: Followed) => new Promise<void>((heard) => this.#follow(one, checkpoints, stopped, tails.get(one) ?? 0, heard));
		const words = logs.filter(({ context }) => context === INTERVENTIONS.log);
		await Promise.all(words.map(read));
		void Promise.all(logs.filter((one) => !words.includes(one)).map(read)).then(() => this.#release(tails));
	}
	#follow(one: Followed, checkpoints: Checkpoints, stopped: (error: Error) => void, tail: number, heard: () => void): void {
		const { log } = one;
		const begin = checkpointOf(checkpoints, log.name);
		const take = async (commits: readonly Commit[], from: Tail) => {
			const at = await this.#mutex.run(() => this.take(one, commits, from));
			this.#reached(log.name, at.position);
			await this.outbox.room();
			return at;
		};
		const ended = (error: Error) => {
			if (error instanceof ForeignHistory) this.outbox.stop(); // rows that do not belong to the log send nothing
			stopped(error);
		};
		const promptly = () => !this.#starting.get(log.name);
		this.#ends.set(log.name, { position: tail, reached: heard });
		this.followers.push(one.contextLog.follow(log, this.process.name, { from: begin, take, stopped: ended, promptly }));
		this.#reached(log.name, begin.position);
	}
	#reached(partition: string, position: number): void {
		const end = this.#ends.get(partition);
		if (!end || position < end.position) return;
		this.#ends.delete(partition);
		end.reached();
	}
	/** Sends the commands that waited for the ends of the logs, except those of rows that another node has settled meanwhile. */
	async #release(tails: ReadonlyMap<Followed, number>): Promise<void> {
		await this.#written(tails);
		await this.#again(this.outbox.waiting).catch(() => undefined); // the recovery evaluates them again
		this.outbox.release();
	}

	/** Resolves when the rows of the ends are written: if another node was faster, the logs are read again from its checkpoints. */
	async #written(tails: ReadonlyMap<Followed, number>): Promise<void> {
		for (;;) {
			await this.#mutex.run(() => this.rows.flush()).catch(() => undefined);
			const behind = [...tails].filter(([{ log }, tail]) => (this.rows.place(log.name)?.position ?? 0) < tail);
			if (behind.length === 0) return;
			await Promise.all(
				behind.map(([{ log }, position]) => new Promise<void>((reached) => this.#ends.set(log.name, { position, reached }))),
			);
		}
	}

	/** Pieces of work, up to a limit of each kind, whose instant has come and that are not done. */
	async unfinished(limit: number): Promise<number> {
		const due = await this.deadlines.due(limit);
		return due.length + Math.max(this.outbox.size, await this.table.count({ state: "open" }));
	}

	/** Handles one batch of one partition, which follows `from`. */
	async take({ context, partition, log: { name } }: Partitioned, commits: readonly Commit[], from: Tail): Promise<Tail> {
		const { position, hash } = commits.at(-1) ?? from;
		const to = { position, hash };
		const stands = this.rows.place(name) ?? from;
		if (stands.position !== from.position) return stands; // handled already, or to be handled again from an earlier position
		const { subjects, references, words } = processSteps(this.process, context, partition, commits);
		const steps = [...subjects, ...references, ...words];
		this.#starting.set(name, subjects.length > 0 && subjects.length < FEW && references.length === 0);
		if (references.length > 0) await this.rows.flush(); // the search for their subjects reads the store
		// `true`: rows that have already seen these facts are evaluated again
		const folded = foldAll(await this.rows.load(steps.map(({ id }) => id)), steps, name, undefined, true);
		const changed = new Map([...folded].filter(([id]) => id.startsWith(REFERENCE)));
		await this.#references.widen(references, changed, name);
		const touched = [...folded.values()].filter(({ before }) => before.id.startsWith(SUBJECT));
		const work = await this.#evaluation.of(touched, changed);
		await this.rows.put([...work.changes, ...[...changed.values()].map((row) => referenceChange(row, this.process))], {
			partition: name,
			from,
			to,
		});
		for (const { id, sendings, cause } of work.sendings) this.outbox.add(id, sendings, cause);
		for (const { after } of work.changes) if (stateOf(after) !== "open") this.outbox.cancel(after.id);
		for (const { before, data } of changed.values()) if (pendingOf(data).length > 0) this.#references.reviewSoon(before.id);
		return to;
	}

	/**
	 * Sends open commands again, at the start and regularly. Skipped a few times while facts are waiting, because they settle most
	 * of the open work.
	 */
	async recover(): Promise<void> {
		const behind = this.followers.some(({ known, position }) => known > position);
		if (behind && ++this.#putOff < PUT_OFF) return;
		this.#putOff = 0;
		await this.#mutex.run(() => this.rows.flush());
		for (let after: string | null = ""; after !== null;) {
			const rows: Row[] = await rowsIn(this.table, "open", after, PAGE);
			await this.#again(rows.map(({ id }) => id).filter((id) => id.startsWith(SUBJECT)));
			for (const { id } of rows) if (id.startsWith(REFERENCE)) await this.review(id);
			after = rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
		}
	}
	review(id: string): Promise<void> {
		return this.#references.review(id);
	}

	/** Evaluates the current rows, and sends the commands they need. */
	async #again(ids: readonly string[]): Promise<void> {
		const free = ids.filter((id) => !this.outbox.busy(id));
		if (free.length === 0) return;
		await this.#mutex.run(async () => {
			const rows = [...(await this.rows.load(free)).values()].filter(({ data }) => data !== null);
			const { sendings, changes } = await this.#evaluation.of(rows.map(standing), new Map());
			await this.rows.put(changes.filter(isWorthWriting));
			for (const { id, sendings: ready, cause } of sendings) this.outbox.add(id, ready, cause);
			for (const { after } of changes) if (stateOf(after) !== "open") this.outbox.free(after.id);
		});
	}

	/** Another node runs the same process and was faster: resumes at its checkpoints. */
	#overtaken(checkpoints: Checkpoints): void {
		for (const follower of this.followers) {
			const at = checkpointOf(checkpoints, follower.name);
			follower.resume(at);
			this.#reached(follower.name, at.position); // the other node has read it
		}
	}

	/** Runs a task while every row is written and this node folds no batch. */
	hold<T>(task: () => Promise<T>): Promise<T> {
		return this.#mutex.run(async () => {
			await this.rows.flush();
			return task();
		});
	}

	/** Stops sending and following, then writes the remaining rows. */
	async stop(): Promise<void> {
		this.outbox.stop();
		await Promise.all(this.followers.map((follower) => follower.stop()));
		await this.#mutex.run(() => this.rows.flush());
	}
}

/** Whether a row must be written after an evaluation: one that only became open is evaluated again after a crash anyway. */
const isWorthWriting = ({ before, after }: Change): boolean =>
	before.due !== after.due || (stateOf(after) !== "open" && stateOf(after) !== stateOf(before));
