/** Filling - a read model that is folded from far behind, page by page: each is looked for and folded while the one before it is written. */
import type { Change, Row } from "../store/rows.ts";
import type { Followed, Looked, Projector } from "./projector.ts";

const PAGE = 4000;

interface Page {
	readonly looked: Looked;
	readonly changes: readonly Change[];
}

export class Filling {
	readonly #projector: Projector;
	/** Folded up to here, by partition. */
	#folded: Record<string, number> = {};
	/** Of that, what is not written yet. */
	#last: Page | null = null;

	constructor(projector: Projector) {
		this.#projector = projector;
	}

	folded(partition: string): number {
		return this.#folded[partition] ?? 0;
	}
	written(partition: string): number {
		return this.#last?.looked.name === partition ? this.#last.looked.from : this.folded(partition);
	}

	/** From where it stands. */
	async begin(): Promise<void> {
		this.#last = null;
		this.#folded = { ...(await this.#projector.table.checkpoints()) };
	}

	/** The next page of one partition, as far as `to`. Where another process was faster it begins again from where that is. */
	async page({ context, partition, log }: Followed, to: number): Promise<void> {
		const after = this.folded(log.name);
		const commits = to > after ? await log.read(after, Math.min(PAGE, to - after)) : [];
		if (commits.length === 0) return;
		const looked = this.#projector.look(context, partition, log.name, commits); // asked for before the last page is written: else it would wait for that
		const written = this.#write();
		written.catch(() => undefined); // told below
		const rows = above(await looked.rows, this.#last?.changes ?? []);
		const changes = this.#projector.fold(looked, rows);
		if (!(await written)) return this.begin();
		this.#last = { looked, changes };
		this.#folded[log.name] = looked.to;
	}

	/** Writes what is left. */
	async end(): Promise<void> {
		if (!(await this.#write())) return this.begin();
		this.#last = null;
	}

	/** False if another process was faster. */
	async #write(): Promise<boolean> {
		if (!this.#last) return true;
		const { looked, changes } = this.#last;
		return (await this.#projector.keep(looked, changes)) === looked.to;
	}
}

/** As they will stand when these changes are written. */
function above(rows: ReadonlyMap<string, Row>, changes: readonly Change[]): ReadonlyMap<string, Row> {
	const found = new Map(rows);
	for (const { after } of changes) if (found.has(after.id)) found.set(after.id, { ...after, rev: after.rev + 1 });
	return found;
}
