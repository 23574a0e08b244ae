/**
 * ProcessRunner - keeps the promise of one process: folds what it follows into rows of its own, decides what is still to be done,
 * and asks for it until it is. Rows and checkpoint first, then the commands; recovery is asking again. Knows no Moleculer.
 */
import type { AnyProcess, Dated, Sending, Span } from "../model/index.ts";
import type { Follower } from "../store/follow.ts";
import type { Commit } from "../store/log.ts";
import { positionText, positionsText } from "../store/position.ts";
import type { Row, Table } from "../store/rows.ts";
import { type Folded, foldAll, Mutex, stepsOf } from "./folding.ts";
import { Outbox, type Send } from "./outbox.ts";
import {
	change,
	type Parked,
	pendingOf,
	REFERENCE,
	type Reference,
	referenceChange,
	SUBJECT,
	type Subject,
	within,
} from "./process-rows.ts";
import type { Followed } from "./projector.ts";
import { nodeTimers, type Timers } from "./timers.ts";
import { WriteBehind } from "./write-behind.ts";

/** Rows looked at together. */
const PAGE = 500;
/** Rounds of recovery that may be put off. */
const PUT_OFF = 12;
export class ProcessRunner {
	readonly process: AnyProcess;
	readonly table: Table;
	readonly followers: Follower[] = [];
	readonly outbox: Outbox;
	readonly #rows: WriteBehind;
	readonly #mutex = new Mutex();
	readonly #reviews = new Map<string, Promise<void>>();
	#putOff = 0;

	constructor(process: AnyProcess, table: Table, send: Send, timers: Timers = nodeTimers) {
		this.process = process;
		this.table = table;
		this.#rows = new WriteBehind(
			table,
			(task) => this.#mutex.run(task),
			(checkpoints) => this.#overtaken(checkpoints),
			timers,
		);
		const rows = { again: (id: string) => this.#again([id]), park: (id: string, parked: Parked) => this.#park(id, parked) };
		this.outbox = new Outbox(process.name, send, rows, timers);
	}

	async start(logs: readonly Followed[], stopped: (error: Error) => void): Promise<void> {
		const checkpoints = await this.table.checkpoints();
		for (const { context, partition, log, from } of logs) {
			const take = (commits: readonly Commit[]) =>
				this.#mutex.run(() => this.take(context, partition, log.name, commits)).then((position) => this.outbox.room().then(() => position));
			this.followers.push(from.follow(log, this.process.name, { from: checkpoints[log.name] ?? 0, take, stopped }));
		}
	}

	/** One batch of one partition. */
	async take(context: string, partition: number, name: string, commits: readonly Commit[]): Promise<number> {
		const { subjects, references } = this.process;
		const from = (commits[0]?.position ?? 1) - 1;
		const to = commits.at(-1)?.position ?? from;
		const forSubjects = stepsOf({ ...subjects.start, ...subjects.continue }, context, partition, commits, SUBJECT).map((step) =>
			within(step, "subject"),
		);
		const forReferences = stepsOf(references.on, context, partition, commits, REFERENCE).map((step) => within(step, "reference"));
		const steps = [...forSubjects, ...forReferences];
		if (forReferences.length > 0) await this.#rows.flush(); // the subjects they concern are looked for in the store
		const folded = foldAll(await this.#rows.load(steps.map(({ id }) => id)), steps, name);
		const changed = new Map([...folded].filter(([id]) => id.startsWith(REFERENCE)));
		for (const { id, origin, data } of forReferences)
			if (origin.position > (changed.get(id)?.before.at[name] ?? 0))
				this.#widen(changed.get(id), data, positionText(name, origin.position));
		await Promise.all([...changed.values()].map((row) => this.#probe(row)));
		const work = await this.#evaluate(
			[...folded.values()].filter(({ before }) => before.id.startsWith(SUBJECT)),
			changed,
		);
		const changes = [...work.changes, ...[...changed.values()].map(referenceChange)];
		await this.#rows.put(changes, { partition: name, from, to });
		for (const { id, sendings, cause } of work.sendings) this.outbox.add(id, sendings, cause);
		for (const { before, data } of changed.values()) if (pendingOf(data).length > 0) this.#reviewSoon(before.id);
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
		await this.#mutex.run(() => this.#rows.flush());
		for (let after: string | null = ""; after !== null;) {
			const rows: Row[] = await this.table.find({
				filters: { state: "open" },
				sort: "id",
				descending: false,
				limit: PAGE,
				after: { value: after, id: after },
			});
			await this.#again(rows.map(({ id }) => id).filter((id) => id.startsWith(SUBJECT)));
			for (const { id } of rows) if (id.startsWith(REFERENCE)) await this.review(id);
			after = rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
		}
	}

	/** Evaluates rows as they stand, and asks for what they need. */
	async #again(ids: readonly string[]): Promise<void> {
		const free = ids.filter((id) => !this.outbox.busy(id));
		if (free.length === 0) return;
		await this.#mutex.run(async () => {
			const rows = [...(await this.#rows.load(free)).values()].filter(({ data }) => data !== null);
			const { sendings, changes } = await this.#evaluate(
				rows.map((row) => ({ before: row, data: row.data, at: row.at })),
				new Map(),
			);
			for (const { id, sendings: due, cause } of sendings) this.outbox.add(id, due, cause);
			for (const change of changes) {
				if (change.after.columns?.[2] === "open") continue;
				this.outbox.free(change.after.id);
				if (change.before.columns?.[2] !== change.after.columns?.[2]) await this.#rows.put([change]);
			}
		});
	}

	/** Wakes every subject in the spans a reference changed, page by page; done only when each was asked for. */
	review(id: string): Promise<void> {
		const running = this.#reviews.get(id);
		if (running) return running;
		const review = this.#review(id).finally(() => this.#reviews.delete(id));
		this.#reviews.set(id, review);
		return review;
	}
	async #review(id: string): Promise<void> {
		const pending = async () => pendingOf((await this.#mutex.run(() => this.#rows.load([id]))).get(id)?.data);
		for (let spans = await pending(); spans.length > 0; spans = await pending()) {
			await this.#mutex.run(() => this.#rows.flush());
			for (const span of spans) await this.#wake(id, span);
			if (this.outbox.stopped) return; // not everyone was asked
			await this.#mutex.run(() => this.#reviewed(id, new Set(spans.map(({ cause }) => cause))));
		}
	}
	/** These are looked through; what came meanwhile stays. */
	async #reviewed(id: string, causes: ReadonlySet<string>): Promise<void> {
		const row = (await this.#rows.load([id])).get(id);
		const data = row?.data as Reference | null | undefined; // our own rows
		if (!row || !data) return;
		const left: Reference = { reference: data.reference, pending: data.pending.filter(({ cause }) => !causes.has(cause)) };
		await this.#rows.put([referenceChange({ before: row, data: left, at: row.at })]);
	}
	async #wake(id: string, span: Span): Promise<void> {
		for (let after: { value: string; id: string } | undefined, more = true; more;) {
			const page = await this.#within(id, span, after);
			await Promise.all(page.map(({ id: subject }) => this.#again([subject]).then(() => this.outbox.answered(subject))));
			const last = page.at(-1);
			more = page.length === PAGE;
			if (last) after = { value: this.process.subjects.needs((last.data as Subject).subject ?? {})?.at ?? "", id: last.id }; // our own rows
		}
	}
	#within(id: string, { from, to }: Span, after?: { value: string; id: string }): Promise<Row[]> {
		const query = { filters: { reference: id }, range: { column: "at", from, to }, sort: "at", descending: false, limit: PAGE };
		return this.table.find(after ? { ...query, after } : query);
	}

	/** Adds the span a fact changed to what has to be looked through. */
	#widen(row: Pick<Folded, "data"> | undefined, fact: unknown, cause: string): void {
		const data = row?.data as Reference | null | undefined; // our own rows
		if (!row || !data?.reference) return;
		const span = this.process.references.changed(data.reference, fact as Dated); // stated so in the process
		row.data = { ...data, pending: [...(data.pending ?? []), { ...span, cause }] };
	}
	/** Where a span holds no subject at all there is nothing to look through: the usual case, and one write less. */
	async #probe(row: Pick<Folded, "before" | "data">): Promise<void> {
		const data = row.data as Reference; // our own rows
		const empty = await Promise.all(
			(data.pending ?? []).map((span) =>
				this.table.find({
					filters: { reference: row.before.id },
					range: { column: "at", from: span.from, to: span.to },
					sort: "at",
					descending: false,
					limit: 1,
				}),
			),
		);
		row.data = { reference: data.reference, pending: (data.pending ?? []).filter((_, i) => (empty[i]?.length ?? 0) > 0) };
	}

	/** What each subject still needs, with its reference as it is now. */
	async #evaluate(rows: readonly Pick<Folded, "before" | "data" | "at">[], changed: ReadonlyMap<string, Pick<Folded, "data">>) {
		const needs = rows.map(({ data }) => this.#needs(data));
		const loaded = await this.#rows.load(needs.flatMap((need) => (need && !changed.has(need.id) ? [need.id] : [])));
		const sendings: { id: string; sendings: readonly Sending[]; cause: string }[] = [];
		const changes = rows.map((row, i) => {
			const need = needs[i] ?? null;
			const reference = need && ((changed.get(need.id)?.data ?? loaded.get(need.id)?.data ?? null) as Reference | null)?.reference; // our own rows
			const { subject, parked } = row.data as Subject; // our own rows
			const due = subject ? this.process.next(subject, reference ?? null) : [];
			const still = due.length > 0 ? parked : undefined;
			if (due.length > 0 && !still) sendings.push({ id: row.before.id, sendings: due, cause: positionsText(row.at) });
			return change(row, { subject, ...(still ? { parked: still } : {}) }, [
				need?.id ?? null,
				need?.at ?? null,
				still ? "parked" : due.length > 0 ? "open" : null,
			]);
		});
		return { changes, sendings };
	}
	#needs(data: object | null): { readonly id: string; readonly at: string } | null {
		const subject = (data as Subject | null)?.subject; // our own rows
		const need = subject ? this.process.subjects.needs(subject) : null;
		return need && { id: REFERENCE + need.reference, at: need.at };
	}

	/** Waits for a person, with the reason. */
	#park(id: string, parked: Parked): Promise<void> {
		return this.#mutex.run(async () => {
			const row = (await this.#rows.load([id])).get(id);
			if (!row) return;
			const data = { ...(row.data as Subject), parked }; // our own rows
			const [settled] = (await this.#evaluate([{ before: row, data, at: row.at }], new Map())).changes; // our own rows
			if (settled) await this.#rows.put([settled]);
		});
	}
	/** Another process keeps the same promise and was faster: go on where it is. */
	#overtaken(checkpoints: Readonly<Record<string, number>>): void {
		for (const follower of this.followers) follower.resume(checkpoints[follower.name] ?? 0);
	}
	/** What fails here is done by the next recovery. */
	#reviewSoon(id: string): void {
		this.review(id).catch(() => undefined);
	}

	/** Finishes what is under way. */
	async stop(): Promise<void> {
		this.outbox.stop();
		await Promise.all(this.followers.map((follower) => follower.stop()));
		await this.#mutex.run(() => this.#rows.flush());
	}
}
