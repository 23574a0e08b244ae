/** Filling - folds rows from far behind in pages: it loads and folds each page while the page before it is written. */
import { continued } from "../../store/chain.ts";
import { asWritten, type Change, checkpointOf, type Checkpoints, type Row } from "../../store/rows.ts";
import type { Folder, Looked } from "./projector.ts";
import type { Followed } from "../following/following.ts";

const PAGE = 4000;

interface Page {
	readonly looked: Looked;
	readonly changes: readonly Change[];
}

export class Filling {
	readonly #folder: Folder;
	/** Folded up to here, by partition; written up to the first of the two pages below. */
	#folded: Checkpoints = {};
	/** The page that is folded, but not being written yet. */
	#last: Page | null = null;
	/** The page that is being written; its write resolves to false if another process was faster. */
	#sent: Page | null = null;
	#writing: Promise<boolean> = Promise.resolve(true);

	constructor(folder: Folder) {
		this.#folder = folder;
	}

	folded(partition: string): number {
		return checkpointOf(this.#folded, partition).position;
	}
	written(partition: string): number {
		const first = [this.#sent, this.#last].find((page) => page?.looked.name === partition);
		return first?.looked.from.position ?? this.folded(partition);
	}

	/** Begins at the checkpoints. */
	async begin(): Promise<void> {
		[this.#last, this.#sent, this.#writing] = [null, null, Promise.resolve(true)];
		this.#folded = await this.#folder.table.checkpoints();
	}

	/** Folds the next page of one partition, at most up to `to`. If another process was faster, begins again at its checkpoints. */
	async page(of: Followed, to: number): Promise<void> {
		const { name } = of.log;
		const after = checkpointOf(this.#folded, name);
		const commits = to > after.position ? await of.log.read(after.position, Math.min(PAGE, to - after.position)) : [];
		if (commits.length === 0) return;
		continued(name, after, commits);
		const looked = this.#folder.look(of, commits, after); // before the last page is written, because loading would wait for the write
		looked.rows.catch(() => undefined); // awaited below
		const unseen = [...(this.#sent?.changes ?? []), ...(this.#last?.changes ?? [])];
		if (!(await this.#writing)) return this.begin();
		this.#write();
		const rows = above(await looked.rows, unseen);
		this.#last = { looked, changes: this.#folder.fold(looked, rows) };
		this.#folded = { ...this.#folded, [name]: looked.to };
	}

	/** Writes the rest. */
	async end(): Promise<void> {
		if (await this.#writing) {
			this.#write();
			this.#last = null;
		}
		if (!(await this.#writing)) await this.begin();
	}

	#write(): void {
		if (!this.#last) return;
		const { looked, changes } = (this.#sent = this.#last);
		const write = async (): Promise<boolean> => {
			const whole = (await this.#folder.keep(looked, changes)).position === looked.to.position;
			if (whole) this.#sent = null;
			return whole;
		};
		this.#writing = write();
		this.#writing.catch(() => undefined); // awaited with the next page
	}
}

/** The rows as they will be when these changes are written. */
function above(rows: ReadonlyMap<string, Row>, changes: readonly Change[]): ReadonlyMap<string, Row> {
	const found = new Map(rows);
	for (const change of changes) if (found.has(change.after.id)) found.set(change.after.id, asWritten(change));
	return found;
}
