/** Filling - rows that are folded from far behind, page by page: each is looked for and folded while the one before it is written. */
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
	/** Up to here, by partition; written up to the first of these two pages. */
	#folded: Checkpoints = {};
	/** Folded, and not on its way to be written yet. */
	#last: Page | null = null;
	/** The one that is on its way, and to whether nobody was faster. */
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

	/** From where it stands. */
	async begin(): Promise<void> {
		[this.#last, this.#sent, this.#writing] = [null, null, Promise.resolve(true)];
		this.#folded = await this.#folder.table.checkpoints();
	}

	/** The next page of one partition, as far as `to`. Where another process was faster it begins again from where that is. */
	async page(of: Followed, to: number): Promise<void> {
		const { name } = of.log;
		const after = checkpointOf(this.#folded, name);
		const commits = to > after.position ? await of.log.read(after.position, Math.min(PAGE, to - after.position)) : [];
		if (commits.length === 0) return;
		continued(name, after, commits);
		const looked = this.#folder.look(of, commits, after); // before the last page is on its way: its rows would wait for that
		looked.rows.catch(() => undefined); // told below
		const unseen = [...(this.#sent?.changes ?? []), ...(this.#last?.changes ?? [])];
		if (!(await this.#writing)) return this.begin();
		this.#write();
		const rows = above(await looked.rows, unseen);
		this.#last = { looked, changes: this.#folder.fold(looked, rows) };
		this.#folded = { ...this.#folded, [name]: looked.to };
	}

	/** Writes what is left. */
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
		this.#writing.catch(() => undefined); // told with the next page
	}
}

/** As they will stand when these changes are written. */
function above(rows: ReadonlyMap<string, Row>, changes: readonly Change[]): ReadonlyMap<string, Row> {
	const found = new Map(rows);
	for (const change of changes) if (found.has(change.after.id)) found.set(change.after.id, asWritten(change));
	return found;
}
