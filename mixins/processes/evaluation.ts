/** Evaluation - determines which commands the rows of a process still need, and the resulting rows. Only loads references. */
import type { AnyProcess, Instant, Sending } from "../../model/index.ts";
import { positionsText } from "../../store/position.ts";
import type { Change, Row } from "../../store/rows.ts";
import type { Folded } from "../following/folding.ts";
import { change, commandIdOf, REFERENCE, type Reference, reconsidered, type Subject } from "./rows.ts";
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

export class Evaluation {
	readonly #process: AnyProcess;
	readonly #rows: Pick<WriteBehind, "load">;
	readonly #clock: () => Instant;

	constructor(process: AnyProcess, rows: Pick<WriteBehind, "load">, clock: () => Instant) {
		this.#process = process;
		this.#rows = rows;
		this.#clock = clock;
	}

	/** The commands each subject still needs, without dropped ones; references in `changed` take precedence over stored ones. */
	async of(
		rows: readonly Standing[],
		changed: ReadonlyMap<string, Pick<Folded, "data">>,
	): Promise<{ readonly changes: readonly Change[]; readonly sendings: readonly Needed[] }> {
		const [now, needs] = [this.#clock(), rows.map(({ data }) => this.#needs(data))];
		const loaded = await this.#rows.load(needs.flatMap((need) => (need && !changed.has(need.id) ? [need.id] : [])));
		const sendings: Needed[] = [];
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
		const due = subject ? this.#process.next(subject, reference) : [];
		return dropped ? due.filter((sending) => !dropped.includes(commandIdOf(this.#process.name, id, sending))) : due;
	}
	#needs(data: object | null): { readonly id: string; readonly at: string } | null {
		const subject = (data as Subject | null)?.subject; // our own rows
		const need = subject ? this.#process.subjects.needs(subject) : null;
		return need && { id: REFERENCE + need.reference, at: need.at };
	}
}
