/** Clocks - the age of messages from other nodes is never underestimated, and skewed wall clocks are named. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Clocks } from "../../../mixins/cluster/clocks.ts";
import { ClockSkew } from "../../../mixins/cluster/clock-skew.ts";

/** Two nodes whose clocks differ by an offset, and a network with given delays. */
class Way {
	now = 0;
	by = "first";
	answers = true;
	asked = 0;
	readonly #ahead: number;
	readonly #takes: () => readonly [there: number, back: number];
	readonly clocks: Clocks;

	constructor(ahead: number, takes: () => readonly [number, number]) {
		this.#ahead = ahead;
		this.#takes = takes;
		this.clocks = new Clocks(
			() => this.now,
			async () => {
				this.asked++;
				const [there, back] = this.#takes();
				this.now += there;
				const answer = this.answers ? { by: this.by, theirs: this.theirs } : null;
				this.now += back;
				return answer;
			},
		);
	}
	/** The clock of the other node. */
	get theirs(): number {
		return this.now + this.#ahead;
	}
	/** Sends a message with a delay; returns its computed and its true age. */
	async sent(milliseconds: number): Promise<readonly [told: number | null, age: number]> {
		const [stamp, begun] = [{ by: this.by, at: this.theirs }, this.now];
		this.now += milliseconds;
		return [await this.clocks.ageOf("other", stamp), this.now - begun];
	}
}
const ms = fc.integer({ min: 0, max: 20_000 });

describe("the age of a message", () => {
	it("is never underestimated, and overestimated by at most the round trip of a ping", () =>
		fc.assert(
			fc.asyncProperty(
				fc.integer({ min: -1e9, max: 1e9 }),
				fc.array(fc.tuple(ms, ms), { minLength: 1, maxLength: 5 }),
				fc.array(ms, { minLength: 1, maxLength: 20 }),
				async (ahead, ways, late) => {
					let n = 0;
					const way = new Way(ahead, () => ways[n++ % ways.length] ?? [0, 0]);
					for (const milliseconds of late) {
						const [told, age] = await way.sent(milliseconds);
						if (told === null) continue; // the round trip was longer than a sample is valid
						expect(told).toBeGreaterThanOrEqual(age);
						expect(told - age).toBeLessThanOrEqual(Math.max(...ways.map(([there, back]) => there + back)));
					}
				},
			),
		));
	it("needs one ping for many messages, and a new one every ten seconds", async () => {
		const way = new Way(5000, () => [1, 1]);
		for (let n = 0; n < 100; n++) expect((await way.sent(10))[0]).toBeLessThan(20);
		expect(way.asked).toBe(1);
		way.now += 10_000;
		await way.sent(1);
		expect(way.asked).toBe(2);
	});
	it("is unknown without an answer, and for a process that was replaced", async () => {
		const way = new Way(0, () => [1, 1]);
		way.answers = false;
		expect((await way.sent(10))[0]).toBeNull();
		way.answers = true;
		expect((await way.sent(10))[0]).not.toBeNull();
		const stamp = { by: "first", at: way.theirs };
		way.by = "second";
		way.clocks.forget("other");
		expect(await way.clocks.ageOf("other", stamp)).toBeNull();
	});
	it("uses the sample with the shortest round trip", async () => {
		const takes: [number, number][] = [
			[1, 1],
			[900, 900],
		];
		const way = new Way(0, () => takes.shift() ?? [1, 1]);
		await way.sent(0);
		way.now += 11_000;
		await way.sent(0);
		const [told = 0, age] = await way.sent(5);
		expect((told ?? 0) - age).toBeLessThan(10);
	});
});

describe("clock skew", () => {
	const heartbeats = (skew: ClockSkew, node: string, ahead: number, late = 3): void => {
		for (let n = 0; n < 10; n++) skew.heartbeat(node, (n === 4 ? late : 900) - ahead);
	};
	it("is that of the fastest heartbeat, once there are enough", () => {
		const skew = new ClockSkew();
		for (let n = 0; n < 9; n++) skew.heartbeat("a", 8000);
		expect([skew.offsets.size, skew.warning]).toEqual([0, null]);
		heartbeats(skew, "a", 0);
		expect([skew.offsets.get("a"), skew.warning]).toEqual([-3, null]);
	});
	it.each([
		[{ a: 10_000, b: 0, c: 0 }, "the clock of a is 10.0 s ahead of this node's"],
		[{ a: -2000, b: 0, c: 3000 }, "the clock of a is 2.0 s behind this node's, the clock of c is 3.0 s ahead of this node's"],
		[{ a: 10_000, b: 10_000, c: 10_000 }, "the clock of this node is 10.0 s behind those of the others"],
		[{ a: -5000, b: -5000, c: 0 }, "the clock of this node is 5.0 s ahead of those of the others"],
		[{ a: 5000 }, "the clock of a is 5.0 s ahead of this node's"],
		[{ a: 900, b: -900 }, null],
	])("of %j leads to the warning: %s", (all, complaint) => {
		const skew = new ClockSkew();
		for (const [node, ahead] of Object.entries(all)) heartbeats(skew, node, ahead, 0);
		expect(skew.warning).toBe(complaint);
		for (const node of Object.keys(all)) skew.forget(node);
		expect(skew.warning).toBeNull();
	});
});
