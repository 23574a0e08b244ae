/**
 * Given rows - the grammar of every projection test: given these facts of several actors, at this instant, then this row is shown. An
 * unknown actor, fact or field does not compile. It only throws, so any test runner can use it.
 *
 * `given(radars, about(radar, "R1", installed(), activated(noon))).at(noon).thenHas({ status: "active" })`
 */
import { agree } from "./given.ts";
import { about, type About, type ActorOf, decisionsIn, fold, NOON } from "./given-facts.ts";
import type { Projection } from "./projection.ts";
import type { Instant } from "./time.ts";

export { about };

/** The row as clients read it. */
type Read<S> = S & { readonly id: string; readonly version: number };
/** The same; a field that may be undefined may be absent, because rows are stored and sent as JSON. */
type Whole<S> = { readonly [K in keyof S as undefined extends S[K] ? never : K]: S[K] } & {
	readonly [K in keyof S as undefined extends S[K] ? K : never]?: S[K];
};
type Fields<S> = { readonly [K in keyof S]?: S[K] | undefined };

/** The facts that the projection has read. */
export function given<R extends object, F extends object, S extends object>(
	projection: Projection<R, F, S>,
	...facts: readonly About<ActorOf<F>>[]
): Rows<R, S> {
	const rows = new Map<string, object>();
	const own = new Set<string>();
	for (const origin of decisionsIn(facts, projection.follows)) {
		const { service, id, version } = origin;
		const changed = fold(rows, projection.on, origin);
		if (service !== projection.of) continue;
		own.add(id);
		const row = rows.get(id);
		if (row && changed.some((one) => one.id === id)) rows.set(id, Object.freeze({ ...row, version }));
	}
	return new Rows(projection, rows, { now: NOON, id: own.size === 1 ? ([...own][0] ?? null) : null });
}

interface Scene {
	readonly now: Instant;
	readonly id: string | null;
}
type Statement<R extends object, S extends object> = Pick<Projection<R, object, S>, "name" | "of" | "show" | "changesAt">;

class Rows<R extends object, S extends object> {
	readonly #projection: Statement<R, S>;
	readonly #rows: ReadonlyMap<string, object>;
	readonly #scene: Scene;

	constructor(projection: Statement<R, S>, rows: ReadonlyMap<string, object>, scene: Scene) {
		this.#projection = projection;
		this.#rows = rows;
		this.#scene = scene;
	}
	/** The instant of the read; 2026-01-01 at noon (UTC) by default. */
	at(now: Instant): Rows<R, S> {
		return new Rows(this.#projection, this.#rows, { ...this.#scene, now });
	}
	/** The row of this id; by default, of the only actor that has rows here. */
	row(id: string): Rows<R, S> {
		return new Rows(this.#projection, this.#rows, { ...this.#scene, id });
	}

	/** The row as stored. */
	get stored(): R | null {
		return (this.#rows.get(this.#id) ?? null) as R | null; // the folds of the projection made it
	}
	/** The row as read. */
	get shown(): Read<S> | null {
		const row = this.stored;
		const shown = row && this.#projection.show(row, this.#scene.now, this.#id);
		return shown && ({ id: this.#id, ...("version" in row ? { version: row.version } : {}), ...shown } as Read<S>); // its own facts set the version
	}

	/** Exactly this row. */
	then(row: Whole<Read<S>>): void {
		agree("it shows", this.shown, row);
	}
	/** A row with these fields, among others; a field that is undefined is absent. */
	thenHas(fields: Fields<Read<S>>): void {
		const shown: Readonly<Record<string, unknown>> | null = this.shown;
		agree("it shows", shown && Object.fromEntries(Object.keys(fields).map((key) => [key, shown[key]])), fields);
	}
	/** No row. */
	thenNothing(): void {
		agree("it shows", this.shown, null);
	}
	/** The row reads differently from this instant on, without a new fact, and not before. */
	thenChangesAt(instant: Instant): void {
		agree("it changes at", this.#changesAt, instant);
	}
	/** The row never changes without a new fact. */
	thenNeverChanges(): void {
		agree("it changes at", this.#changesAt, null);
	}

	get #changesAt(): Instant | null {
		const row = this.stored;
		if (!row) throw new Error(`${this.#projection.name} has no row ${this.#id}`);
		return this.#projection.changesAt?.(row, this.#scene.now) ?? null;
	}
	get #id(): string {
		const { id } = this.#scene;
		if (id === null) throw new Error(`The facts are not about one ${this.#projection.of}: say which row is read, .row(id)`);
		return id;
	}
}
