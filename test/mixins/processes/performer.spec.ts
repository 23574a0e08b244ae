/**
 * Performer - through a port that may die at every step, with lost answers, crashes and two owners at once, each work is done exactly once
 * or, by a port that knows no keys, at most once with the doubt on record.
 */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Item, Outcome } from "../../../mixins/actors/outcome.ts";
import type { PortAnswer, PortCalls } from "../../../mixins/ports/answers.ts";
import { Performer } from "../../../mixins/processes/performer.ts";
import type { AnyEffect, PortPromise } from "../../../model/index.ts";

const KEY = "shipping/subject/p1/ship";
const CLAIM = 30;
const CALL = 70;
/** Steps after which no more faults occur. */
const FAULTY = 60;

const RECORDS = { attempted: "parcel.attempt", succeeded: "parcel.ship", failed: "parcel.fail", doubted: "parcel.doubt" };
const effectOf = (promise: PortPromise): AnyEffect => ({
	name: "shipping",
	follows: [],
	subjects: { start: {}, continue: {} },
	port: "carrier",
	promise,
	records: RECORDS,
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
	/** Facts of the parcel by command id, each with its action. */
	readonly facts = new Map<string, { readonly action: string; readonly answer: Readonly<Record<string, unknown>> }>();
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
		return [...this.facts.values()].map(({ action }) => action).filter((action) => action !== "attempted");
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
		const send = (action: string, [item]: readonly { params: object; commandId?: string }[]): Promise<Outcome[]> =>
			travel<Outcome[]>(10, () => [this.#record(nameOf(action), item?.commandId ?? "", item?.params ?? {})], [
				{ failure: "no answer", unavailable: true },
			]);
		return new Performer(effectOf(this.promise), send, port, this.time, self, () => this.time.now);
	}
	#perform(): PortAnswer {
		if (this.#answer && this.promise === "once") return this.#answer;
		const fate = this.draw(8);
		if (fate === 2) return { unsent: "busy" };
		if (fate !== 1) this.shipped++;
		return (this.#answer = fate === 1 ? { refused: { code: "NO_SUCH_STREET", detail: "" } } : { receipt: "r1" });
	}
	/** The actor: a repeated command gets the first answer, and nothing but a late success after a doubt follows an outcome. */
	#record(action: string, id: string, params: object): Outcome {
		const first = this.facts.get(id);
		const isLateSuccess = action === "succeeded" && this.outcomes.at(-1) === "doubted";
		if (!first && this.outcome !== null && !isLateSuccess) return { refusal: { status: 409, code: "PARCEL_OVER", detail: "" } };
		const fact = first ?? { action, answer: action === "attempted" ? { ...params } : {} };
		this.facts.set(id, fact);
		return done(fact.answer, first !== undefined);
	}
}
const nameOf = (action: string): string => Object.entries(RECORDS).find(([, one]) => one === action)?.[0] ?? "";
const done = (answer: Readonly<Record<string, unknown>>, replayed = false): Outcome => ({
	done: { id: "p1", version: 1, position: "", begun: false, replayed, written: true, answer },
});

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
		expect([...world.facts.values()].filter(({ action }) => action === "attempted")).toHaveLength(promise === "once" ? 0 : 1);
	});
});

/** Many parcels, their facts in order, and a carrier with answers in order; nothing is lost and nothing takes time, unless a test says so. */
class Yard {
	readonly facts: string[] = [];
	readonly calls: string[] = [];
	readonly answers: PortAnswer[] = [];
	readonly waits: number[] = [];
	/** The next records of refusals that get lost. */
	lost = 0;
	/** Runs while the carrier works. */
	meanwhile: () => Promise<unknown> = () => Promise.resolve();
	readonly #known = new Map<string, Readonly<Record<string, unknown>>>();
	readonly #shipped = new Set<string>();
	/** Keys with an outcome. */
	readonly #over = new Set<string>();

	performer(promise: PortPromise, self: string): Performer {
		const port: PortCalls = {
			claim: CLAIM,
			settled: CLAIM + CALL,
			ready: () => Promise.resolve(true),
			perform: async (key) => {
				this.calls.push(key);
				const answer = this.answers.shift() ?? { receipt: "r1" };
				if ("receipt" in answer) this.#shipped.add(key);
				await this.meanwhile();
				return answer;
			},
			find: (key) => Promise.resolve(this.#shipped.has(key) ? { receipt: "r1" } : null),
		};
		const wait = (milliseconds: number) => Promise.resolve(void this.waits.push(milliseconds));
		return new Performer(
			effectOf(promise),
			(action, items) => Promise.resolve(items.map((item) => this.#record(nameOf(action), item))),
			port,
			{ wait },
			self,
			() => 0,
		);
	}
	#record(action: string, { commandId = "", params }: Item): Outcome {
		if (action === "failed" && this.lost-- > 0) return { failure: "no answer", unavailable: true };
		const first = this.#known.get(commandId);
		const key = commandId.slice(0, commandId.indexOf("/ship"));
		if (!first && action === "attempted" && this.#over.has(key)) return { refusal: { status: 409, code: "PARCEL_OVER", detail: "" } };
		if (action !== "attempted") this.#over.add(key);
		if (!first) this.facts.push(action);
		this.#known.set(commandId, first ?? (action === "attempted" ? params : {}));
		return done(this.#known.get(commandId) ?? {}, first !== undefined);
	}
}
const itemOf = (key: string): Item => ({ params: { id: "p1", request: {} }, commandId: key });

describe("a work that is sent again", () => {
	it.each(["lookup", "never"] as const)(
		"after its outcome, which the process has not read yet, is over at once, if the port promises %s",
		async (promise) => {
			const yard = new Yard();
			const performer = yard.performer(promise, "one");
			const [first] = await performer.perform("carrier.perform", [itemOf(KEY)]);
			expect(await performer.perform("carrier.perform", [itemOf(KEY)])).toEqual([first]);
			expect([yard.calls, yard.facts, yard.waits]).toEqual([[KEY], ["attempted", "succeeded"], []]);
		},
	);

	it("after it was forgotten is not attempted again: its attempt counts as that of another process", async () => {
		const yard = new Yard();
		const performer = yard.performer("lookup", "one");
		const keys = Array.from({ length: 20_001 }, (_, n) => `shipping/subject/p${n}/ship`);
		for (const key of [...keys, ...keys.slice(0, 1)]) await performer.perform("carrier.perform", [itemOf(key)]);
		expect(yard.calls).toEqual(keys);
		expect(yard.waits).toEqual([CLAIM + CALL]);
	});

	it("is not recorded as refused if another process attempts it again, and has done it", async () => {
		const yard = new Yard();
		yard.answers.push({ refused: { code: "NO_SUCH_STREET", detail: "" } });
		yard.lost = 1;
		const [one, two] = [yard.performer("lookup", "one"), yard.performer("lookup", "two")];
		expect(await one.perform("carrier.perform", [itemOf(KEY)])).toEqual([{ failure: "no answer", unavailable: true }]);
		yard.meanwhile = async () =>
			expect(await one.perform("carrier.perform", [itemOf(KEY)])).toEqual([
				{ failure: "Another process attempts it again", unavailable: true },
			]);
		expect(await two.perform("carrier.perform", [itemOf(KEY)])).toEqual([done({})]);
		expect(await one.perform("carrier.perform", [itemOf(KEY)])).toEqual([done({}, true)]);
		expect([yard.calls, yard.facts]).toEqual([
			[KEY, KEY],
			["attempted", "attempted", "succeeded"],
		]);
	});

	it("by another process is not attempted again after it was recorded as refused", async () => {
		const yard = new Yard();
		yard.answers.push({ refused: { code: "NO_SUCH_STREET", detail: "" } });
		expect(await yard.performer("lookup", "one").perform("carrier.perform", [itemOf(KEY)])).toEqual([done({})]);
		expect(await yard.performer("lookup", "two").perform("carrier.perform", [itemOf(KEY)])).toMatchObject([
			{ refusal: { code: "PARCEL_OVER" } },
		]);
		expect([yard.calls, yard.facts]).toEqual([[KEY], ["attempted", "failed"]]);
	});
});
