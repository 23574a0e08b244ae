/**
 * GenerationControl - lets operators rebuild a read model without downtime: one generation of rows is live, `rebuild` builds the next beside
 * it, and the previous one is kept for `back` until `forget` removes it.
 */
import { Readable } from "node:stream";
import type { Context, Service, ServiceBroker } from "moleculer";
import { EXAMINER } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import { type AnyProjection, OPERATOR, refuse } from "../../model/index.ts";
import type { Generation, Table, TableSpec } from "../../store/rows.ts";
import { refusalError } from "../common/errors.ts";
import { logsOf } from "../following/following.ts";
import { readBy } from "../cluster/leaving.ts";
import { Projector, tableOf } from "./projector.ts";
import { Rebuild, type RebuildStep } from "./rebuild.ts";
import { storageOf } from "../logs/storage.ts";
import { nodeTimers } from "../common/timers.ts";

/** The last report of a rebuild. */
export interface Switched {
	readonly phase: "switched";
	readonly generation: number;
	readonly rows: number;
	readonly differing: number;
	readonly differences: readonly { readonly id: string; readonly before: object | null; readonly after: object | null }[];
	/** Whether the same code folded both generations: then any difference is a bug. */
	readonly sameCode: boolean;
}
export type RebuildReport = Exclude<RebuildStep, { readonly phase: "compared" }> | Switched;

const now = (): string => new Date().toISOString();
const sameShape = (a: TableSpec, b: TableSpec): boolean => JSON.stringify({ ...a, name: "" }) === JSON.stringify({ ...b, name: "" });

/** The generations of a read model, on one node. */
export class GenerationControl {
	readonly #broker: ServiceBroker;
	readonly #projection: AnyProjection;
	/** Version of the code on this node. */
	readonly #code: string;
	/** Number of the generation that this node reads. */
	#number = 0;
	/** Last report of a rebuild that runs here. */
	#running: RebuildReport | "begun" | null = null;

	/** Starts following once the live generation can be read by this code. */
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

	/** The live generation, created if there is none; nodes that start together get the same one. */
	async live(): Promise<Generation> {
		const found = await this.#rows.liveGeneration(tableOf(this.#projection), this.#code, now());
		this.#number = found.number;
		return found;
	}
	/** Why this code cannot read a generation; null if it can. */
	unfit({ number, spec }: Generation): string | null {
		const { name } = this.#projection;
		return sameShape(spec, tableOf(this.#projection))
			? null
			: `generation ${number} of ${name} has other columns than this version of ${name}: es-rebuild ${name} makes the next one`;
	}
	/** Switches to the live generation if another node has switched. */
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

	/** Builds the next generation and switches to it; resumes one that the same code has begun. */
	rebuild(projector: Projector): Readable {
		return this.#stream(projector, async () => {
			const building = (await this.all()).filter(({ state }) => state === "building");
			const mine = building.find(({ code, spec }) => code === this.#code && sameShape(spec, tableOf(this.#projection)));
			for (const { number } of building) if (number !== mine?.number) await this.#rows.remove(this.#projection.name, number);
			return mine ?? (await this.#rows.begin(tableOf(this.#projection), this.#code, now()));
		});
	}
	/** Brings the newest kept generation up to date and switches to it. */
	back(projector: Projector): Readable {
		return this.#stream(projector, async () => {
			const kept = (await this.all()).findLast((one) => one.state === "kept" && this.unfit(one) === null);
			if (!kept) throw refusalError(refuse(CODES.NO_GENERATION_KEPT, `No generation of ${this.#projection.name} is kept to go back to`));
			return kept;
		});
	}
	/** Removes every generation that is not live, and returns their numbers. */
	async forget(): Promise<readonly number[]> {
		this.#single();
		const gone = (await this.all()).filter(({ state }) => state !== "live");
		for (const { number } of gone) await this.#rows.remove(this.#projection.name, number);
		return gone.map(({ number }) => number);
	}

	#single(): void {
		if (this.#running) throw refusalError(refuse(CODES.REBUILD_RUNNING, `${this.#projection.name} is being rebuilt on this node`));
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
		const next = new Projector(this.#projection, table, now, nodeTimers, projector.vault);
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

/** The actions of every read model for its generations; `of` returns the parts of a running service. */
export function rebuildActions(of: (service: Service) => { readonly projector: Projector; readonly generations: GenerationControl }) {
	return {
		/** Builds the next generation and switches to it; resolves to a stream of RebuildReport that ends after the last report. */
		rebuild: {
			may: OPERATOR,
			timeout: 0,
			handler(this: Service, ctx: Context) {
				const { projector, generations } = of(this);
				return readBy(ctx, generations.rebuild(projector));
			},
		},
		/** Brings the newest kept generation up to date and switches to it; resolves to a stream of RebuildReport. */
		back: {
			may: OPERATOR,
			timeout: 0,
			handler(this: Service, ctx: Context) {
				const { projector, generations } = of(this);
				return readBy(ctx, generations.back(projector));
			},
		},
		/** All generations, and the last report of a rebuild on this node. */
		generations: {
			may: EXAMINER,
			async handler(this: Service) {
				const { generations } = of(this);
				const rows = await generations.all();
				return { rows: rows.map(({ spec: _spec, ...row }) => row), running: generations.running };
			},
		},
		/** Removes every generation that is not live, and returns their numbers. */
		forget: {
			may: OPERATOR,
			async handler(this: Service) {
				return { forgotten: await of(this).generations.forget() };
			},
		},
	};
}
