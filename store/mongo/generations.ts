/** Generations - which rows of a read model are live, being built, or kept: one document per read model, changed by compare-and-set. */
import type { Collection } from "mongodb";
import { joined } from "../joined.ts";
import { type Generation, tableNameOf, type TableSpec } from "../rows.ts";
import { isDuplicate } from "./errors.ts";
import type { Connection } from "./connection.ts";
import { CHECKPOINTS, type KeptCheckpoints, collectionOf } from "./table.ts";

interface Kept {
	/** Name of the read model. */
	readonly _id: string;
	readonly rev: number;
	/** The highest number ever used. Numbers are never reused, so late writes to a removed generation cannot reach another one. */
	readonly last: number;
	readonly generations: readonly Written[];
}
type Written = Omit<Generation, "spec"> & { readonly spec: string };
const nothing = (name: string): Kept => ({ _id: name, rev: 0, last: 0, generations: [] });
const read = ({ number, state, spec, code, begun }: Written): Generation => ({
	number,
	state,
	spec: JSON.parse(spec) as TableSpec, // bytes come in here
	code,
	begun,
});

export class MongoGenerations {
	readonly #connection: Connection;
	/** Every node polls for all its read models once per second, so simultaneous reads are combined. */
	readonly #all = joined(() => this.#in((all) => all.find({}).toArray()));

	constructor(connection: Connection) {
		this.#connection = connection;
	}

	async of(name: string): Promise<Generation[]> {
		return (await this.#all()).find(({ _id }) => _id === name)?.generations.map(read) ?? [];
	}

	/** If another process creates one at the same time, the first one is used. */
	async liveGeneration(spec: TableSpec, code: string, begun: string): Promise<Generation> {
		for (;;) {
			const kept = await this.#kept(spec.name);
			const live = kept.generations.find(({ state }) => state === "live");
			if (live) return read(live);
			const first = await this.#add(kept, { state: "live", spec, code, begun });
			if (first) return first;
		}
	}

	/** If another process creates one at the same time, the next number is used. */
	async begin(spec: TableSpec, code: string, begun: string): Promise<Generation> {
		for (;;) {
			const kept = await this.#kept(spec.name);
			const next = await this.#add(kept, { state: kept.last === 0 ? "live" : "building", spec, code, begun });
			if (next) return next;
		}
	}
	/** Null if another process changed the document first. */
	async #add(kept: Kept, begins: Omit<Generation, "number">): Promise<Generation | null> {
		const number = kept.last + 1;
		const next = { number, ...begins, spec: { ...begins.spec, name: tableNameOf(kept._id, number) } };
		const generations = [...kept.generations, { ...next, spec: JSON.stringify(next.spec) }];
		return (await this.#change({ ...kept, last: number, generations })) ? next : null;
	}

	async promote(name: string, number: number): Promise<boolean> {
		for (;;) {
			const kept = await this.#kept(name);
			const chosen = kept.generations.find((one) => one.number === number);
			if (!chosen || chosen.state === "live") return chosen !== undefined;
			const generations = kept.generations.map((one) => ({
				...one,
				state: one === chosen ? ("live" as const) : one.state === "live" ? ("kept" as const) : one.state,
			}));
			if (await this.#change({ ...kept, generations })) return true;
		}
	}

	/** Removes it from the list, then its checkpoints so that saves fail, then its rows. */
	async remove(name: string, number: number): Promise<boolean> {
		for (;;) {
			const kept = await this.#kept(name);
			const gone = kept.generations.find((one) => one.number === number && one.state !== "live");
			if (!gone) return false;
			if (!(await this.#change({ ...kept, generations: kept.generations.filter((one) => one !== gone) }))) continue;
			await this.discard(tableNameOf(name, number));
			return true;
		}
	}

	async adopt(name: string, generations: readonly Generation[]): Promise<void> {
		const adopted = generations.map(({ number, state, spec, code, begun }) => ({ number, state, spec: JSON.stringify(spec), code, begun }));
		for (;;) {
			const kept = await this.#kept(name);
			const last = Math.max(kept.last, ...adopted.map(({ number }) => number));
			if (!(await this.#change({ ...kept, last, generations: adopted }))) continue;
			const gone = kept.generations.filter(({ number }) => !adopted.some((one) => one.number === number));
			for (const { number } of gone) await this.discard(tableNameOf(name, number));
			return;
		}
	}

	async discard(table: string): Promise<void> {
		await this.#connection.in<KeptCheckpoints, unknown>(CHECKPOINTS, (checkpoints) => checkpoints.deleteOne({ _id: table }));
		await this.#connection.ask((database) => database.dropCollection(collectionOf(table)));
	}

	#kept(name: string): Promise<Kept> {
		return this.#in(async (all) => (await all.findOne({ _id: name })) ?? nothing(name));
	}
	/** False if another process changed the document first. */
	#change({ _id, rev, ...content }: Kept): Promise<boolean> {
		return this.#in(async (all) => {
			const changed = { rev: rev + 1, ...content };
			if (rev > 0) return (await all.replaceOne({ _id, rev }, changed)).matchedCount === 1;
			return all.insertOne({ _id, ...changed }).then(
				() => true,
				(error: unknown) => (isDuplicate(error) ? false : Promise.reject(error)),
			);
		});
	}
	#in<T>(question: (all: Collection<Kept>) => Promise<T>): Promise<T> {
		return this.#connection.in("generations", question);
	}
}
