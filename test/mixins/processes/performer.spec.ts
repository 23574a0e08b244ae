/**
 * Performer - through a port that may die at every step, with lost answers, crashes and two owners at once, each work is done exactly once
 * or, by a port that knows no keys, at most once with the doubt on record.
 */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Outcome } from "../../../mixins/actors/outcome.ts";
import type { PortAnswer, PortCalls } from "../../../mixins/ports/answers.ts";
import { Performer } from "../../../mixins/processes/performer.ts";
import type { AnyEffect, PortPromise } from "../../../model/index.ts";

const KEY = "shipping/subject/p1/ship";
const CLAIM = 30;
const CALL = 70;
/** Steps after which no more faults occur. */
const FAULTY = 60;

const effectOf = (promise: PortPromise): AnyEffect => ({
	name: "shipping",
	follows: [],
	subjects: { start: {}, continue: {} },
	port: "carrier",
	promise,
	records: { attempted: "parcel.attempt", succeeded: "parcel.ship", failed: "parcel.fail", doubted: "parcel.doubt" },
	wanted: () => null,
});

/** Virtual time: a step runs when all work before it has settled. */
class Time {
	now = 0;
	readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
	wait(milliseconds: number): Promise<void> {
		return new Promise((wake) => this.#sleepers.push({ at: this.now + milliseconds, wake }));
	}
	async step(): Promise<boolean> {
		for (let i = 0; i < 40; i++) await null;
		const [next] = this.#sleepers.sort((a, b) => a.at - b.at);
		if (!next) return false;
		this.#sleepers.shift();
		this.now = Math.max(this.now, next.at);
		next.wake();
		return true;
	}
}

interface Life {
	readonly performer: Performer;
	/** All its pending calls hang. */
	isDead: boolean;
}

/** The carrier, the actor of the parcel, and the processes that ship it. */
class World {
	readonly time = new Time();
	readonly promise: PortPromise;
	/** How often the carrier has shipped, and its answer to the key. */
	shipped = 0;
	/** Facts of the parcel by command id. */
	readonly facts = new Map<string, object>();
	readonly #draws: number[];
	#steps = 0;
	#lives = 0;

	constructor(promise: PortPromise, draws: readonly number[]) {
		this.promise = promise;
		this.#draws = [...draws];
	}
	/** A random number below `n`; 0, which is no fault, after some steps. */
	draw(n: number): number {
		return ++this.#steps > FAULTY ? 0 : (this.#draws.shift() ?? 0) % n;
	}
	get outcomes(): readonly string[] {
		return [...this.facts.keys()].filter((id) => !id.includes("/attempted")).map((id) => id.slice(KEY.length + 1));
	}
	get outcome(): string | null {
		return this.outcomes[0] ?? null;
	}
	/** The first clear answer to the key, which a port that promises `once` repeats. */
	#answer: PortAnswer | null = null;

	begin(): Life {
		const state = { isDead: false };
		return Object.assign(state, { performer: this.#performer(`life ${++this.#lives}`, () => state.isDead) });
	}
	#performer(self: string, isDead: () => boolean): Performer {
		/** The way to and from a service takes time, and a dead process hears no answer. */
		const travel = async <T>(longest: number, visit: () => T, lost: T): Promise<T> => {
			const fate = this.draw(6);
			await this.time.wait(this.draw(longest / 2));
			if (isDead()) return new Promise<T>(() => undefined);
			const answer = fate === 1 ? lost : visit();
			await this.time.wait(this.draw(longest / 2));
			return isDead() ? new Promise<T>(() => undefined) : fate === 2 ? lost : answer;
		};
		const port: PortCalls = {
			claim: CLAIM,
			settled: CLAIM + CALL,
			ready: () => travel(10, () => true, false),
			perform: () => travel<PortAnswer>(CALL, () => this.#perform(), { unclear: "no answer" }),
			find: async () => {
				const found = await travel<{ receipt: string } | null | "lost">(10, () => (this.shipped > 0 ? { receipt: "r1" } : null), "lost");
				if (found === "lost") throw new Error("no answer");
				return found;
			},
		};
		const send = (_action: string, [item]: readonly { params: object; commandId?: string }[]): Promise<Outcome[]> =>
			travel<Outcome[]>(10, () => [this.#record(item?.commandId ?? "", item?.params ?? {})], [{ failure: "no answer", unavailable: true }]);
		return new Performer(effectOf(this.promise), send, port, this.time, self, () => this.time.now);
	}
	#perform(): PortAnswer {
		if (this.#answer && this.promise === "once") return this.#answer;
		const fate = this.draw(8);
		if (fate === 2) return { unsent: "busy" };
		if (fate !== 1) this.shipped++;
		return (this.#answer = fate === 1 ? { refused: { code: "NO_SUCH_STREET", detail: "" } } : { receipt: "r1" });
	}
	/** The actor: a repeated command gets the first answer, and nothing but a late success follows an outcome. */
	#record(id: string, params: object): Outcome {
		const isOver = this.outcome !== null && !this.facts.has(id);
		if (isOver && !id.endsWith("/succeeded")) return { refusal: { status: 409, code: "PARCEL_OVER", detail: "" } };
		const first = this.facts.get(id) ?? params;
		this.facts.set(id, first);
		return { done: { id: "p1", version: 1, position: "", begun: false, replayed: first !== params, written: true, answer: { ...first } } };
	}
}

/** Ships one parcel, with crashes and second owners, until the outcome is recorded. */
async function shipped(promise: PortPromise, draws: readonly number[]): Promise<World> {
	const world = new World(promise, draws);
	const item = { params: { id: "p1", request: {} }, commandId: KEY };
	const lives: { readonly performer: Performer; isDead: boolean; isBusy: boolean }[] = [];
	const begin = (): void => void lives.push({ ...world.begin(), isBusy: false });
	begin();
	for (let rounds = 0; world.outcome === null; rounds++) {
		if (rounds > 5000) throw new Error("the parcel is never shipped");
		for (const life of lives.filter((one) => !one.isDead && !one.isBusy)) {
			life.isBusy = true;
			void life.performer.perform("carrier.perform", [item]).then(() => (life.isBusy = false));
		}
		await world.time.step();
		if (world.draw(20) === 1) begin(); // a second owner
		if (world.draw(12) === 1) {
			const [victim] = lives.splice(0, 1);
			if (victim) victim.isDead = true;
			if (lives.length === 0) begin();
		}
	}
	for (const life of lives) life.isDead = lives.length > 3;
	while (await world.time.step()); // calls that are still under way
	return world;
}

const runs = { numRuns: 3000 };
const anyDraws = fc.array(fc.nat(9999), { minLength: 40, maxLength: 120 });

describe("a work through a port", () => {
	it.each(["once", "lookup"] as const)("that promises %s is done exactly once, and recorded so", (promise) =>
		fc.assert(
			fc.asyncProperty(anyDraws, async (draws) => {
				const world = await shipped(promise, draws);
				expect(world.outcomes).toEqual(world.shipped === 0 ? ["failed"] : ["succeeded"]);
				expect(world.shipped).toBeLessThanOrEqual(1);
			}),
			runs,
		),
	);

	it("that promises never is done at most once; it is recorded as done, as refused, or as doubted", () =>
		fc.assert(
			fc.asyncProperty(anyDraws, async (draws) => {
				const { outcome, shipped: times } = await shipped("never", draws);
				if (outcome === "succeeded") expect(times).toBe(1);
				else if (outcome === "failed") expect(times).toBe(0);
				else expect([outcome, times <= 1]).toEqual(["doubted", true]);
			}),
			runs,
		));

	it.each(["once", "lookup", "never"] as const)("that promises %s is recorded as done if nothing fails", async (promise) => {
		const world = await shipped(promise, []);
		expect([world.outcome, world.shipped]).toEqual(["succeeded", 1]);
		expect([...world.facts.keys()].filter((id) => id.includes("/attempted"))).toHaveLength(promise === "once" ? 0 : 1);
	});
});
