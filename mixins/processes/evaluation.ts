/** Evaluation - determines which commands the rows of a process still need, and the resulting rows. Only loads references. */
import type { AnyProcess, Instant, Need, Sending } from "../../model/index.ts";
import { positionsText } from "../../store/position.ts";
import type { Change, Row } from "../../store/rows.ts";
import type { Folded } from "../following/folding.ts";
import { change, commandIdOf, type Reference, reconsidered, referenceRowOf, type Subject } from "./rows.ts";
import type { WriteBehind } from "./write-behind.ts";

export type Standing = Pick<Folded, "before" | "data" | "at">;
/** The current row, to be evaluated again. */
export const standing = (row: Row): Standing => ({ before: row, data: row.data, at: row.at });

/** The commands that one row needs; `cause`: positions of the facts that caused them. */
export interface Needed {
	readonly id: string;
	readonly sendings: readonly Sending[];
	readonly cause: string;
}

interface Identified {
	readonly id: string;
	readonly sending: Sending;
}
/** A need, and the id of the row of its reference. */
interface NeededRow extends Need {
	readonly row: string;
}

export class Evaluation {
	readonly #process: AnyProcess;
	readonly #rows: Pick<WriteBehind, "load">;
	readonly #clock: () => Instant;
	/** The names of the references, in the order of their columns. */
	readonly #names: readonly string[];

	constructor(manager: AnyProcess, rows: Pick<WriteBehind, "load">, clock: () => Instant) {
		this.#process = manager;
		this.#rows = rows;
		this.#clock = clock;
		this.#names = Object.keys(manager.references ?? {});
	}

	/**
	 * The commands each subject still needs, without dropped ones; references in `changed` take precedence over stored ones. A row without
	 * a command to send now is due at the earliest instant before which another one must not be sent.
	 */
	async of(
		rows: readonly Standing[],
		changed: ReadonlyMap<string, Pick<Folded, "data">>,
	): Promise<{ readonly changes: readonly Change[]; readonly sendings: readonly Needed[] }> {
		const [now, needs] = [this.#clock(), rows.map(({ data }) => this.#needs(data))];
		const missing = needs.flatMap((all) => all.flatMap((need) => (need && !changed.has(need.row) ? [need.row] : [])));
		const loaded = await this.#rows.load(missing);
		const sendings: Needed[] = [];
		const changes = rows.map((row, i) => {
			const own = needs[i] ?? [];
			const known = own.map((need) => need && (changed.get(need.row)?.data ?? loaded.get(need.row)?.data ?? null));
			const needed = this.#needed(row.before.id, row.data as Subject, known); // our own rows
			const data = reconsidered(
				row.data as Subject,
				needed.map(({ id }) => id),
				now,
			); // our own rows
			const ready = needed.filter(({ sending: { notBefore } }) => notBefore === undefined || notBefore <= now);
			if (ready.length > 0 && !data.parked)
				sendings.push({ id: row.before.id, sendings: ready.map(({ sending }) => sending), cause: positionsText(row.at) });
			const columns = [
				...own.flatMap((need) => [need?.reference ?? null, need?.at ?? null]),
				data.parked ? "parked" : ready.length > 0 ? "open" : null,
			];
			return change(row, data, columns, ready.length > 0 || data.parked ? null : earliest(needed));
		});
		return { changes, sendings };
	}
	#needed(id: string, { subject, dropped }: Subject, known: readonly (object | null)[]): readonly Identified[] {
		if (!subject) return [];
		const references = Object.fromEntries(this.#names.map((name, i) => [name, (known[i] as Reference | null)?.reference ?? null])); // our own rows
		return this.#process
			.next(subject, references)
			.map((sending) => ({ id: commandIdOf(this.#process.name, id, sending), sending }))
			.filter((one) => !dropped?.includes(one.id));
	}
	/** The needed references by the order of their names; null for a name that the subject does not need. */
	#needs(data: object | null): readonly (NeededRow | null)[] {
		const subject = (data as Subject | null)?.subject; // our own rows
		return this.#names.map((name) => {
			const need = subject ? this.#process.references?.[name]?.needs(subject) : null;
			return need ? { ...need, row: referenceRowOf(name, need.reference) } : null;
		});
	}
}
const earliest = (needed: readonly Identified[]): Instant | null =>
	needed.reduce<Instant | null>(
		(first, { sending: { notBefore = null } }) => (notBefore !== null && (first === null || notBefore < first) ? notBefore : first),
		null,
	);
