/**
 * References - the things that pieces of work depend on. A fact about a reference wakes every subject inside the time span that it
 * changed, page by page; the reference keeps the span until all their commands are answered.
 */
import type { AnyProcess, AnyReference, Dated, Span } from "../../model/index.ts";
import { positionText } from "../../store/position.ts";
import type { Query, Row, Table } from "../../store/rows.ts";
import { type Folded, Mutex, type FoldStep } from "../following/folding.ts";
import { pendingOf, type Reference, referenceChange, referenceColumns, referenceOf, type Subject } from "./rows.ts";
import type { Outbox } from "./outbox.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Subjects woken together. */
const PAGE = 500;

/** The parts of the runner that references use. */
export interface Runner {
	readonly process: AnyProcess;
	readonly table: Table;
	readonly rows: WriteBehind;
	readonly mutex: Mutex;
	readonly outbox: Pick<Outbox, "answered" | "stopped">;
	/** Evaluates subjects again, and sends the commands they need. */
	again(ids: readonly string[]): Promise<void>;
}

export class ProcessReferences {
	readonly #runner: Runner;
	readonly #reviews = new Map<string, Promise<void>>();

	constructor(runner: Runner) {
		this.#runner = runner;
	}

	/** Adds the spans that these facts changed to the pending spans, if they contain subjects. */
	async widen(steps: readonly FoldStep[], changed: ReadonlyMap<string, Folded>, partition: string): Promise<void> {
		for (const { id, origin, data: fact } of steps) {
			const row = changed.get(id);
			const data = row?.data as Reference | null | undefined; // our own rows
			if (!row || !data?.reference) continue;
			const span = this.#kind(id).changed(data.reference, fact as Dated); // typed in the process's definition
			const cause = positionText(partition, origin.position);
			row.data = { ...data, pending: [...(data.pending ?? []).filter((one) => one.cause !== cause), { ...span, cause }] };
		}
		await Promise.all([...changed.values()].map((row) => this.#probe(row)));
	}
	/** Drops spans without subjects, which are the usual case, to save a write. */
	async #probe(row: Folded): Promise<void> {
		const data = row.data as Reference; // our own rows
		const spans = pendingOf(data);
		const found = await Promise.all(spans.map((span) => this.#runner.table.find(this.#within(row.before.id, span, 1))));
		row.data = { reference: data.reference, pending: spans.filter((_, i) => (found[i]?.length ?? 0) > 0) };
	}

	/** Reviews in the background; the next recovery repeats a failed review. */
	reviewSoon(id: string): void {
		this.review(id).catch(() => undefined);
	}
	/** Wakes every subject in the pending spans of a reference; resolves after all of them were woken. */
	review(id: string): Promise<void> {
		const running = this.#reviews.get(id);
		if (running) return running;
		const review = this.#review(id).finally(() => this.#reviews.delete(id));
		this.#reviews.set(id, review);
		return review;
	}
	async #review(id: string): Promise<void> {
		const { rows, mutex } = this.#runner;
		const pending = async () => pendingOf((await mutex.run(() => rows.load([id]))).get(id)?.data);
		for (let spans = await pending(); spans.length > 0; spans = await pending()) {
			const { losses } = rows;
			await mutex.run(() => rows.flush());
			if (rows.losses !== losses) continue; // another process was faster, so the spans may have changed
			for (const span of spans) await this.#wake(id, span);
			if (this.#runner.outbox.stopped) return; // some subjects were not woken
			await mutex.run(() => this.#reviewed(id, new Set(spans.map(({ cause }) => cause))));
		}
	}
	/** Removes reviewed spans; spans added meanwhile stay. */
	async #reviewed(id: string, causes: ReadonlySet<string>): Promise<void> {
		const row = (await this.#runner.rows.load([id])).get(id);
		const data = row?.data as Reference | null | undefined; // our own rows
		if (!row || !data) return;
		const left: Reference = { reference: data.reference, pending: data.pending.filter(({ cause }) => !causes.has(cause)) };
		await this.#runner.rows.put([referenceChange({ before: row, data: left, at: row.at }, this.#runner.process)]);
	}
	async #wake(id: string, span: Span): Promise<void> {
		for (let after: Query["after"], more = true; more;) {
			const page: Row[] = await this.#runner.table.find(this.#within(id, span, PAGE, after));
			await Promise.all(page.map(({ id: subject }) => this.#woken(subject)));
			const last = page.at(-1);
			more = page.length === PAGE;
			if (last) after = { value: this.#kind(id).needs((last.data as Subject).subject ?? {})?.at ?? "", id: last.id }; // our own rows
		}
	}
	/** Resolves when the subject needs nothing, or its command is answered or parked. */
	async #woken(subject: string): Promise<void> {
		await this.#runner.again([subject]);
		await this.#runner.outbox.answered(subject);
	}
	#kind(row: string): AnyReference {
		const { name } = referenceOf(row);
		const kind = this.#runner.process.references?.[name];
		if (!kind) throw new Error(`${this.#runner.process.name} has no reference ${name}`);
		return kind;
	}
	#within(row: string, { from, to }: Span, limit: number, after?: Query["after"]): Query {
		const { name, id } = referenceOf(row);
		const [column, at] = referenceColumns(name);
		const query = { filters: { [column]: id }, range: { column: at, from, to }, sort: at, descending: false, limit };
		return after ? { ...query, after } : query;
	}
}
