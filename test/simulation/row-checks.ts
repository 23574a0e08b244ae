/** RowChecks - rows equal those of a replay after every schedule, and processes have no work left (DESIGN §5, LAW 6 to 8). */
import type { DroppedWork } from "../../mixins/processes/interventions.ts";
import { stateOf, type Subject } from "../../mixins/processes/rows.ts";
import { type AnyProcess, type AnyProjection, type Fold, sameJson, type Touch } from "../../model/index.ts";
import type { Past, Told } from "./past.ts";
import type { World } from "./world.ts";

export class RowChecks {
	readonly #world: World;
	readonly #past: Past;

	constructor(world: World, past: Past) {
		this.#world = world;
		this.#past = past;
	}

	/** The rows of a read model equal those of a replay. */
	rows(projection: AnyProjection): void {
		const followed = this.#past.facts.filter(({ origin }) => projection.follows.includes(origin.log));
		const rows = this.#world.rows(projection.name).all();
		const have = new Map(rows.map(({ id, data }) => [id, data && without(data)]));
		this.#compare(projection.name, replayed(projection.on, followed), have);
		const now = new Date(this.#world.scheduler.now).toISOString();
		for (const { id, data, columns } of rows) {
			const shown = (data && projection.show(data, now, id)) as Readonly<Record<string, unknown>> | null; // each column is a field of the shown row
			const right = shown && this.#world.rows(projection.name).spec.columns.map((column) => shown[column] ?? null);
			if (!sameJson(columns, right))
				this.#world.violated("rows", `${projection.name} ${id} has the columns ${JSON.stringify(columns)}, not ${JSON.stringify(right)}`);
		}
	}
	/** The rows of a process equal those of a replay, and no command is left to do. */
	work(manager: AnyProcess): void {
		const { name, subjects, references = {}, follows } = manager;
		const followed = this.#past.facts.filter(({ origin }) => follows.includes(origin.log));
		const wantedSubjects = replayed({ ...subjects.start, ...subjects.continue }, followed);
		const wantedReferences = new Map(
			Object.entries(references).flatMap(([kind, { on }]) =>
				[...replayed(on, followed)].map(([id, row]): [string, object | null] => [`${kind}/${id}`, row]),
			),
		);
		const rows = this.#world.rows(name).all();
		const inner = (prefix: string): Map<string, object | null> =>
			new Map(
				rows
					.filter(({ id }) => id.startsWith(prefix))
					.map(({ id, data }) => [id.slice(prefix.length), insideOf(data, prefix.slice(0, -1))]),
			);
		this.#compare(name, wantedSubjects, inner("subject/"));
		this.#compare(name, wantedReferences, inner("reference/"));
		for (const [id, subject] of wantedSubjects) {
			const due = subject ? manager.next(subject, this.#referencesOf(manager, subject, wantedReferences)) : [];
			const row = rows.find((one) => one.id === `subject/${id}`);
			const { parked, dropped = [] } = (row?.data ?? {}) as Partial<Subject>; // the runner's own row
			const left = due.filter(({ cause }) => !dropped.includes(`${name}/subject/${id}/${cause}`));
			const waits = parked !== undefined && parked.code !== "FAILED" && row && stateOf(row) === "parked";
			if (left.length > 0 && !waits) this.#world.violated("not done", `${name} owes ${JSON.stringify(left)} for ${id}`);
			if (left.length === 0 && parked)
				this.#world.violated("not done", `${name} has parked ${JSON.stringify(parked)} for ${id}, but owes nothing`);
			const givenUp = this.#past.facts.filter(({ type, data }) => type === "intervention.dropped" && workOf(data, name) === id);
			if (!sameJson([...dropped].toSorted(), givenUp.map((told) => told.id).toSorted()))
				this.#world.violated(
					"not done",
					`${givenUp.length} commands of ${name} for ${id} were dropped, but its row has ${JSON.stringify(dropped)}`,
				);
		}
	}
	#referencesOf({ references = {} }: AnyProcess, subject: object, all: ReadonlyMap<string, object | null>): Record<string, object | null> {
		return Object.fromEntries(
			Object.entries(references).map(([kind, { needs }]) => {
				const need = needs(subject);
				return [kind, (need && all.get(`${kind}/${need.reference}`)) ?? null];
			}),
		);
	}
	#compare(name: string, wanted: ReadonlyMap<string, object | null>, have: ReadonlyMap<string, object | null>): void {
		for (const id of new Set([...wanted.keys(), ...have.keys()]))
			if (!sameJson(wanted.get(id) ?? null, have.get(id) ?? null))
				this.#world.violated("rows", `${name} ${id} is ${JSON.stringify(have.get(id))}, a replay gives ${JSON.stringify(wanted.get(id))}`);
	}
}

/** The data without the version, which the projector adds. */
const without = ({ version: _version, ...data }: object & { readonly version?: unknown }): object => data;
const workOf = (data: unknown, of: string): string | null => {
	const { process, work } = data as DroppedWork; // our own fact
	return process === of ? work : null;
};
const insideOf = (data: object | null, field: string): object | null =>
	(data as Readonly<Record<string, object | null>> | null)?.[field] ?? null; // the layout of mixins/processes/rows.ts

function replayed(handlers: Readonly<Record<string, unknown>>, facts: readonly Told[]): Map<string, object | null> {
	const rows = new Map<string, object | null>();
	for (const { type, data, origin } of facts) {
		const handler = handlers[type] as Fold<object, unknown> | Touch<object, unknown> | undefined; // typed in the definition
		if (!handler) continue;
		const id = typeof handler === "function" ? origin.id : handler.row(data, origin);
		const fold = typeof handler === "function" ? handler : handler.fold;
		if (id !== null) rows.set(id, fold(rows.get(id) ?? null, data, origin));
	}
	return rows;
}
