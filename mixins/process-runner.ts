/**
 * ProcessRunner - keeps the promise of one process: folds what it follows into rows of its own, decides what is still to be done, and
 * asks for it until it is; recovery is asking again (docs/decisions/0005-process-rows-written-behind.md). Knows no Moleculer.
 */
import type { AnyProcess, Instant, Sending } from "../model/index.ts";
import type { Follower } from "../store/follow.ts";
import type { Commit } from "../store/log.ts";
import { positionsText } from "../store/position.ts";
import type { Row, Table } from "../store/rows.ts";
import { type Folded, foldAll, Mutex, stepsOf } from "./folding.ts";
import { INTERVENTIONS, interventionsOf } from "./interventions.ts";
import { Outbox, type Refused, type Send } from "./outbox.ts";
import { ProcessReferences } from "./process-references.ts";
import {
	change,
	commandIdOf,
	pendingOf,
	REFERENCE,
	type Reference,
	referenceChange,
	reconsidered,
	SUBJECT,
	type Subject,
	unparked,
	within,
} from "./process-rows.ts";
import type { Followed } from "./projector.ts";
import { nodeTimers, type Timers } from "./timers.ts";
import { WriteBehind } from "./write-behind.ts";

/** Rows looked at together. */
const PAGE = 500;
/** Facts of a batch from which on the next is taken without a rest. */
const FEW = 100;
/** Rounds of recovery that may be put off. */
const PUT_OFF = 12;

type Standing = Pick<Folded, "before" | "data" | "at">;
/** A row as it stands, to be looked at again. */
const standing = (row: Row): Standing => ({ before: row, data: row.data, at: row.at });

export class ProcessRunner {
	readonly process: AnyProcess;
	readonly table: Table;
	readonly followers: Follower[] = [];
	readonly outbox: Outbox;
	readonly rows: WriteBehind;
	readonly #references: ProcessReferences;
	readonly #mutex = new Mutex();
	readonly #clock: () => Instant;
	/** Partitions whose last batch told of pieces of work only, and of few: the next is taken after a rest. What those hang on is known at once. */
	readonly #starting = new Map<string, boolean>();
	#putOff = 0;

	constructor(
		process: AnyProcess,
		table: Table,
		send: Send,
		timers: Timers = nodeTimers,
		clock: () => Instant = () => new Date().toISOString(),
	) {
		this.process = process;
		this.table = table;
		this.#clock = clock;
		this.rows = new WriteBehind(
			table,
			(task) => this.#mutex.run(task),
			(checkpoints) => this.#overtaken(checkpoints),
			timers,
		);
		const owner = { again: (id: string) => this.#again([id]), park: (refused: Refused) => this.#park(refused) };
		this.outbox = new Outbox(process.name, send, owner, timers);
		this.#references = new ProcessReferences({
			process,
			table,
			rows: this.rows,
			mutex: this.#mutex,
			wake: (id) => this.#again([id]).then(() => this.outbox.answered(id)),
			stopped: () => this.outbox.stopped,
		});
	}

	/** What was given up is known before anything is asked for. */
	async start(logs: readonly Followed[], stopped: (error: Error) => void): Promise<void> {
		const checkpoints = await this.table.checkpoints();
		this.rows.begin(Object.fromEntries(logs.map(({ log }) => [log.name, checkpoints[log.name] ?? 0])));
		const words = logs.filter(({ context }) => context === INTERVENTIONS.log);
		const tails = await Promise.all(words.map(({ log }) => log.tail()));
		await Promise.all(
			words.map((one, i) => new Promise<void>((heard) => this.#follow(one, checkpoints, stopped, tails[i]?.position ?? 0, heard))),
		);
		for (const one of logs) if (!words.includes(one)) this.#follow(one, checkpoints, stopped);
	}
	#follow(
		{ context, partition, log, from }: Followed,
		checkpoints: Readonly<Record<string, number>>,
		stopped: (error: Error) => void,
		tail = Infinity,
		heard = () => {},
	): void {
		const start = checkpoints[log.name] ?? 0;
		const take = async (commits: readonly Commit[]) => {
			const position = await this.#mutex.run(() => this.take(context, partition, log.name, commits));
			if (position >= tail) heard();
			await this.outbox.room();
			return position;
		};
		this.followers.push(from.follow(log, this.process.name, { from: start, take, stopped, promptly: () => !this.#starting.get(log.name) }));
		if (start >= tail) heard();
	}

	/** One batch of one partition. */
	async take(context: string, partition: number, name: string, commits: readonly Commit[]): Promise<number> {
		const { subjects, references } = this.process;
		const from = (commits[0]?.position ?? 1) - 1;
		const to = commits.at(-1)?.position ?? from;
		const stands = this.rows.position(name) ?? from;
		if (stands !== from) return stands; // taken already, or to be taken again from further back
		const forSubjects = stepsOf({ ...subjects.start, ...subjects.continue }, context, partition, commits, SUBJECT).map((step) =>
			within(step, "subject"),
		);
		const forReferences = stepsOf(references.on, context, partition, commits, REFERENCE).map((step) => within(step, "reference"));
		const words = stepsOf(interventionsOf(this.process.name), context, partition, commits, SUBJECT);
		const steps = [...forSubjects, ...forReferences, ...words];
		this.#starting.set(name, forSubjects.length > 0 && forSubjects.length < FEW && forReferences.length === 0);
		if (forReferences.length > 0) await this.rows.flush(); // the subjects they concern are looked for in the store
		const folded = foldAll(await this.rows.load(steps.map(({ id }) => id)), steps, name, undefined, true); // what was written, but not as far as here, is looked at again
		const changed = new Map([...folded].filter(([id]) => id.startsWith(REFERENCE)));
		await this.#references.widen(forReferences, changed, name);
		const touched = [...folded.values()].filter(({ before }) => before.id.startsWith(SUBJECT));
		const work = await this.#evaluate(touched, changed);
		await this.rows.put([...work.changes, ...[...changed.values()].map(referenceChange)], { partition: name, from, to });
		for (const { id, sendings, cause } of work.sendings) this.outbox.add(id, sendings, cause);
		for (const { before, data } of changed.values()) if (pendingOf(data).length > 0) this.#references.reviewSoon(before.id);
		return to;
	}

	/**
	 * What is open is asked for again: at the start, and regularly. Not while facts are still to be taken, for they close most of
	 * what looks open; but never put off for long.
	 */
	async recover(): Promise<void> {
		const behind = this.followers.some(({ known, position }) => known > position);
		if (behind && ++this.#putOff < PUT_OFF) return;
		this.#putOff = 0;
		await this.#mutex.run(() => this.rows.flush());
		for (let after: string | null = ""; after !== null;) {
			const rows: Row[] = await this.#inState("open", after);
			await this.#again(rows.map(({ id }) => id).filter((id) => id.startsWith(SUBJECT)));
			for (const { id } of rows) if (id.startsWith(REFERENCE)) await this.review(id);
			after = rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
		}
	}
	review(id: string): Promise<void> {
		return this.#references.review(id);
	}
	#inState(state: "open" | "parked", after: string): Promise<Row[]> {
		return this.table.find({ filters: { state }, sort: "id", descending: false, limit: PAGE, after: { value: after, id: after } });
	}

	/** Pieces of work that wait for a person, by id, after the one given; at most a page of them. */
	async parked(after = ""): Promise<readonly { readonly id: string; readonly row: Subject }[]> {
		await this.#mutex.run(() => this.rows.flush());
		const rows = await this.#inState("parked", SUBJECT + after);
		return rows.map(({ id, data }) => ({ id: id.slice(SUBJECT.length), row: data as Subject })); // our own rows
	}
	/** One piece of work as it stands; null if there is none of that id. */
	async work(id: string): Promise<Subject | null> {
		const row = (await this.#mutex.run(() => this.rows.load([SUBJECT + id]))).get(SUBJECT + id);
		return (row?.data as Subject | null | undefined) ?? null; // our own rows
	}
	/** Asks once more for what is parked; resolves when it is answered, to whether it is parked again. Null if it was not parked. */
	async retry(id: string): Promise<boolean | null> {
		const parked = await this.#mutex.run(async () => {
			const row = (await this.rows.load([SUBJECT + id])).get(SUBJECT + id);
			const data = row?.data as Subject | null | undefined; // our own rows
			if (!row || !data?.parked) return false;
			const { changes, sendings } = await this.#evaluate([{ ...standing(row), data: unparked(data, "retried", this.#clock()) }], new Map());
			await this.rows.put(changes);
			for (const due of sendings) this.outbox.add(due.id, due.sendings, due.cause);
			return true;
		});
		if (!parked) return null;
		await this.outbox.answered(SUBJECT + id);
		return (await this.work(id))?.parked !== undefined;
	}

	/** Evaluates rows as they stand, and asks for what they need. */
	async #again(ids: readonly string[]): Promise<void> {
		const free = ids.filter((id) => !this.outbox.busy(id));
		if (free.length === 0) return;
		await this.#mutex.run(async () => {
			const rows = [...(await this.rows.load(free)).values()].filter(({ data }) => data !== null);
			const { sendings, changes } = await this.#evaluate(rows.map(standing), new Map());
			for (const { id, sendings: due, cause } of sendings) this.outbox.add(id, due, cause);
			for (const change of changes) {
				if (change.after.columns?.[2] === "open") continue;
				this.outbox.free(change.after.id);
				if (change.before.columns?.[2] !== change.after.columns?.[2]) await this.rows.put([change]);
			}
		});
	}

	/** What each subject still needs, with its reference as it is now; what a person gave up it needs no more. */
	async #evaluate(rows: readonly Standing[], changed: ReadonlyMap<string, Pick<Folded, "data">>) {
		const [now, needs] = [this.#clock(), rows.map(({ data }) => this.#needs(data))];
		const loaded = await this.rows.load(needs.flatMap((need) => (need && !changed.has(need.id) ? [need.id] : [])));
		const sendings: { id: string; sendings: readonly Sending[]; cause: string }[] = [];
		const changes = rows.map((row, i) => {
			const need = needs[i] ?? null;
			const reference = need && ((changed.get(need.id)?.data ?? loaded.get(need.id)?.data ?? null) as Reference | null)?.reference; // our own rows
			const due = this.#due(row.before.id, row.data as Subject, reference ?? null); // our own rows
			const data = reconsidered(row.data as Subject, due, now); // our own rows
			if (due.length > 0 && !data.parked) sendings.push({ id: row.before.id, sendings: due, cause: positionsText(row.at) });
			return change(row, data, [need?.id ?? null, need?.at ?? null, data.parked ? "parked" : due.length > 0 ? "open" : null]);
		});
		return { changes, sendings };
	}
	#due(id: string, { subject, dropped }: Subject, reference: object | null): readonly Sending[] {
		const due = subject ? this.process.next(subject, reference) : [];
		return dropped ? due.filter((sending) => !dropped.includes(commandIdOf(this.process.name, id, sending))) : due;
	}
	#needs(data: object | null): { readonly id: string; readonly at: string } | null {
		const subject = (data as Subject | null)?.subject; // our own rows
		const need = subject ? this.process.subjects.needs(subject) : null;
		return need && { id: REFERENCE + need.reference, at: need.at };
	}

	/** Waits for a person, with the reason. */
	#park({ id, ...refused }: Refused): Promise<void> {
		return this.#mutex.run(async () => {
			const row = (await this.rows.load([id])).get(id);
			if (!row) return;
			const data: Subject = { ...(row.data as Subject), parked: { ...refused, at: this.#clock() } }; // our own rows
			const [settled] = (await this.#evaluate([{ ...standing(row), data }], new Map())).changes;
			if (settled) await this.rows.put([settled]);
		});
	}
	/** Another process keeps the same promise and was faster: go on where it is. */
	#overtaken(checkpoints: Readonly<Record<string, number>>): void {
		for (const follower of this.followers) follower.resume(checkpoints[follower.name] ?? 0);
	}

	/** Finishes what is under way. */
	async stop(): Promise<void> {
		this.outbox.stop();
		await Promise.all(this.followers.map((follower) => follower.stop()));
		await this.#mutex.run(() => this.rows.flush());
	}
}
