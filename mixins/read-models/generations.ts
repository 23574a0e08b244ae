/**
 * Rebuilding - the generations of a read model as its operators see them: one is read, the next is built beside it by `rebuild`,
 * the one before is kept until it is forgotten, and can be gone back to.
 */
import { Readable } from "node:stream";
import type { Context, Service, ServiceBroker } from "moleculer";
import { type AnyProjection, refuse } from "../../model/index.ts";
import type { Generation, Table, TableSpec } from "../../store/rows.ts";
import { refusalError } from "../common/errors.ts";
import { logsOf } from "../following/following.ts";
import { readBy } from "../cluster/leaving.ts";
import { Projector, tableOf } from "./projector.ts";
import { Rebuild, type RebuildStep } from "./rebuild.ts";
import { storageOf } from "../logs/storage.ts";
import { nodeTimers } from "../common/timers.ts";

/** The last thing a rebuild says. */
export interface Switched {
	readonly phase: "switched";
	readonly generation: number;
	readonly rows: number;
	readonly differing: number;
	readonly differences: readonly { readonly id: string; readonly before: object | null; readonly after: object | null }[];
	/** Whether the code that folds it is the code that folded the one before: then any difference is a fault. */
	readonly sameCode: boolean;
}
export type RebuildReport = Exclude<RebuildStep, { readonly phase: "compared" }> | Switched;

const now = (): string => new Date().toISOString();
const sameShape = (a: TableSpec, b: TableSpec): boolean => JSON.stringify({ ...a, name: "" }) === JSON.stringify({ ...b, name: "" });

/** A read model's generations, on one node. */
export class Generations {
	readonly #broker: ServiceBroker;
	readonly #projection: AnyProjection;
	/** Of the code on this node. */
	readonly #code: string;
	/** The one this node reads from. */
	#number = 0;
	/** What a rebuild that runs here said last. */
	#running: RebuildReport | "begun" | null = null;

	/** Starts to follow, once a generation is live that this code can read. */
	readonly #follow: (projector: Projector) => Promise<void>;

	constructor(broker: ServiceBroker, projection: AnyProjection, code: string, follow: (projector: Projector) => Promise<void>) {
		this.#broker = broker;
		this.#projection = projection;
		this.#code = code;
		this.#follow = follow;
	}
	get #rows() {
		return storageOf(this.#broker).rows;
	}
	get running(): RebuildReport | "begun" | null {
		return this.#running;
	}
	all(): Promise<Generation[]> {
		return this.#rows.generations(this.#projection.name);
	}

	/** The live one, begun if there is none yet: the same for all nodes that start together. */
	async live(): Promise<Generation> {
		const found = await this.#rows.live(tableOf(this.#projection), this.#code, now());
		this.#number = found.number;
		return found;
	}
	/** Why the live one cannot be read by this code; null if it can. */
	unfit({ number, spec }: Generation): string | null {
		const { name } = this.#projection;
		return sameShape(spec, tableOf(this.#projection))
			? null
			: `generation ${number} of ${name} has other columns than this version of ${name}: es-rebuild ${name} makes the next one`;
	}
	/** Another node may have changed over: then this one does. */
	async keepUp(projector: Projector): Promise<void> {
		const live = (await this.all()).find(({ state }) => state === "live");
		if (!live || live.number === this.#number || this.unfit(live)) return;
		const table = await this.#rows.open(live.spec);
		await projector.hold(() => this.#adopt(projector, table, live.number));
	}
	async #adopt(projector: Projector, table: Table, number: number): Promise<void> {
		await projector.adopt(table);
		this.#number = number;
		await this.#follow(projector);
	}

	/** Folds the next generation and changes over to it; one that was begun by the same code before is gone on with. */
	rebuild(projector: Projector): Readable {
		return this.#stream(projector, async () => {
			const building = (await this.all()).filter(({ state }) => state === "building");
			const mine = building.find(({ code, spec }) => code === this.#code && sameShape(spec, tableOf(this.#projection)));
			for (const { number } of building) if (number !== mine?.number) await this.#rows.remove(this.#projection.name, number);
			return mine ?? (await this.#rows.begin(tableOf(this.#projection), this.#code, now()));
		});
	}
	/** Changes over to the newest one kept, brought up to date first. */
	back(projector: Projector): Readable {
		return this.#stream(projector, async () => {
			const kept = (await this.all()).findLast((one) => one.state === "kept" && this.unfit(one) === null);
			if (!kept) throw refusalError(refuse("NO_GENERATION_KEPT", 409, `No generation of ${this.#projection.name} is kept to go back to`));
			return kept;
		});
	}
	/** Removes every generation that is not live, and says which. */
	async forget(): Promise<readonly number[]> {
		this.#single();
		const gone = (await this.all()).filter(({ state }) => state !== "live");
		for (const { number } of gone) await this.#rows.remove(this.#projection.name, number);
		return gone.map(({ number }) => number);
	}

	#single(): void {
		if (this.#running) throw refusalError(refuse("REBUILD_RUNNING", 409, `${this.#projection.name} is being rebuilt on this node`));
	}
	#stream(projector: Projector, choose: () => Promise<Generation>): Readable {
		this.#single();
		this.#running = "begun";
		const ended = () => (this.#running = null);
		return Readable.from(this.#steps(projector, choose), { objectMode: true }).once("close", ended);
	}
	async *#steps(projector: Projector, choose: () => Promise<Generation>): AsyncGenerator<RebuildReport> {
		const before = await this.live();
		const target = await choose();
		const rows = this.#rows;
		const table = await rows.open(target.spec);
		const next = new Projector(this.#projection, table, now);
		const logs = await logsOf(storageOf(this.#broker), this.#projection.follows);
		const compare = target.state === "building";
		const rebuild = new Rebuild({ live: projector, next, logs, timers: nodeTimers, clock: () => performance.now(), compare });
		const change = async () => {
			await rows.promote(this.#projection.name, target.number);
			await this.#adopt(projector, table, target.number);
		};
		for await (const step of rebuild.run(change)) {
			this.#running = step.phase === "compared" ? this.#running : step;
			if (step.phase !== "compared") yield step;
			else yield { ...step, phase: "switched", generation: target.number, sameCode: before.code === target.code };
		}
	}
}

/** The actions every read model has for them; `of` gives what a running service holds. */
export function rebuildActions(of: (service: Service) => { readonly projector: Projector; readonly generations: Generations }) {
	return {
		/** Folds the next generation and changes over to it; resolves to a stream of RebuildReport, over when the last was read. */
		rebuild: {
			timeout: 0,
			handler(this: Service, ctx: Context) {
				const { projector, generations } = of(this);
				return readBy(ctx, generations.rebuild(projector));
			},
		},
		/** Changes over to the newest generation kept, brought up to date first; resolves to a stream of RebuildReport. */
		back: {
			timeout: 0,
			handler(this: Service, ctx: Context) {
				const { projector, generations } = of(this);
				return readBy(ctx, generations.back(projector));
			},
		},
		/** All generations of rows there are, and the one being built here. */
		generations: {
			async handler(this: Service) {
				const { generations } = of(this);
				const rows = await generations.all();
				return { rows: rows.map(({ spec: _spec, ...row }) => row), running: generations.running };
			},
		},
		/** Removes every generation that is not live, and says which. */
		forget: {
			async handler(this: Service) {
				return { forgotten: await of(this).generations.forget() };
			},
		},
	};
}
