/**
 * SealedTable - a table whose rows are stored with their personal fields sealed, under the key of their subject. Once that key is destroyed,
 * the fields read as null: in this generation of rows, in older ones, in backups, and in all that a database keeps of former rows.
 */
import type { AnyPersonalRow } from "../../model/index.ts";
import type { Change, CheckpointMove, Checkpoints, Query, Row, Table, Value } from "../../store/rows.ts";
import { open, seal } from "../../store/seal.ts";
import type { Vault } from "../../store/vault/vault.ts";

/** The member of stored data with the personal fields. */
const SEALED = "#sealed";
interface Sealed {
	/** The subject. */
	readonly of: string;
	readonly text: string;
}
type Data = Readonly<Record<string, unknown>> & { readonly [SEALED]?: Sealed };

/** The projection that the rows belong to; its name is part of the place that a sealed text is bound to. */
export interface SealedRows {
	readonly name: string;
	readonly personal: AnyPersonalRow;
	readonly vault: Vault;
}

/** The table itself if its rows have no personal fields. Throws if they have and there is no vault. */
export function sealedTable(
	table: Table,
	{ name, personal }: { readonly name: string; readonly personal?: AnyPersonalRow },
	vault: Vault | undefined,
): Table {
	if (!personal) return table;
	if (!vault) throw new Error(`the rows of ${name} have personal fields, but there is no vault`);
	return new SealedTable(table, { name, personal, vault });
}

class SealedTable implements Table {
	readonly #stored: Table;
	readonly #rows: SealedRows;

	constructor(stored: Table, rows: SealedRows) {
		this.#stored = stored;
		this.#rows = rows;
	}
	get atomic(): boolean {
		return this.#stored.atomic;
	}
	checkpoints(): Promise<Checkpoints> {
		return this.#stored.checkpoints();
	}
	async load(ids: readonly string[]): Promise<Map<string, Row>> {
		const rows = await this.#opened([...(await this.#stored.load(ids)).values()]);
		return new Map(rows.map((row) => [row.id, row]));
	}
	async save(changes: readonly Change[], steps: readonly CheckpointMove[]): Promise<boolean> {
		return this.#stored.save(await this.#sealed(changes), steps);
	}
	async refresh(change: Change): Promise<boolean> {
		const [sealed = change] = await this.#sealed([change]);
		return this.#stored.refresh(sealed);
	}
	async get(id: string): Promise<Row | null> {
		const row = await this.#stored.get(id);
		return row && ((await this.#opened([row]))[0] ?? null);
	}
	async find(query: Query): Promise<Row[]> {
		return this.#opened(await this.#stored.find({ ...query, filters: this.#blinded(query.filters) }));
	}
	count(filters: Readonly<Record<string, Value>>): Promise<number> {
		return this.#stored.count(this.#blinded(filters));
	}
	async scan(after: string, limit: number): Promise<Row[]> {
		return this.#opened(await this.#stored.scan(after, limit));
	}
	async due(now: string, limit: number): Promise<Row[]> {
		return this.#opened(await this.#stored.due(now, limit));
	}

	#blinded(filters: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
		return Object.fromEntries(Object.entries(filters).map(([column, value]) => [column, blinded(this.#rows, column, value)]));
	}

	/** Changes with sealed data; the data of a forgotten subject is left out. */
	async #sealed(changes: readonly Change[]): Promise<readonly Change[]> {
		const { personal, vault, name } = this.#rows;
		const subjectOf = ({ id, data }: Row): string | null =>
			data && personal.fields.some((field) => valueOf(data, field) !== null) ? personal.of(data, id) : null;
		const keys = await vault.keysOrNew(changes.flatMap(({ after }) => subjectOf(after) ?? []));
		return changes.map(({ before, after }) => {
			const of = subjectOf(after);
			if (of === null || after.data === null) return { before, after };
			const [data, fields]: Record<string, unknown>[] = [{ ...after.data }, {}];
			for (const field of personal.fields) {
				if (data?.[field] === undefined) continue;
				if (fields) fields[field] = data[field];
				data[field] = null;
			}
			const key = keys.get(of);
			const sealed = key ? { [SEALED]: { of, text: seal(key, JSON.stringify(fields), placeOf(name, after.id)) } } : {};
			return { before, after: { ...after, data: { ...data, ...sealed } } };
		});
	}
	async #opened(rows: readonly Row[]): Promise<Row[]> {
		const { vault, name } = this.#rows;
		const keys = await vault.keys(rows.flatMap(({ data }) => sealedIn(data)?.of ?? []));
		return rows.map((row) => {
			const sealed = sealedIn(row.data);
			if (!sealed) return row;
			const { [SEALED]: _sealed, ...data } = row.data as Data; // our own text
			const key = keys.get(sealed.of);
			const fields = key ? (JSON.parse(open(key, sealed.text, placeOf(name, row.id))) as object) : {}; // bytes come in here
			return { ...row, data: { ...data, ...fields } };
		});
	}
}

const placeOf = (name: string, id: string): string => `rows\n${name}\n${id}`;
const sealedIn = (data: object | null): Sealed | undefined => (data as Data | null)?.[SEALED]; // our own text
const valueOf = (data: object, field: string): unknown => (data as Data)[field] ?? null; // a row is plain JSON

/** The value under which a row is found by a column: a keyed hash if the column is personal. */
export function blinded({ name, personal, vault }: SealedRows, column: string, value: Value): Value {
	return value === null || !personal.fields.includes(column) ? value : vault.blinded(`${name}.${column}`, String(value));
}
