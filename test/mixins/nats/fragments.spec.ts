/** Fragments - fragmented messages are reassembled, discarded if a fragment is missing, and limited for hostile senders. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fragmentsOf, isFragment, MAX_MESSAGE, Reassembly } from "../../../mixins/nats/fragments.ts";

/** A reassembly with a clock of its own. */
class Bench {
	#now = 0;
	#timers: { readonly at: number; readonly run: () => void }[] = [];
	readonly assembly = new Reassembly({
		later: (milliseconds, run) => {
			const timer = { at: this.#now + milliseconds, run };
			this.#timers.push(timer);
			return () => void (this.#timers = this.#timers.filter((one) => one !== timer));
		},
	});
	pass(milliseconds: number): void {
		this.#now += milliseconds;
		for (const { at, run } of [...this.#timers]) if (at <= this.#now) run();
	}
	get timers(): number {
		return this.#timers.length;
	}
	take(parts: Iterable<Buffer>, kind = "REQ"): (Buffer | null)[] {
		return [...parts].map((part) => this.assembly.add(kind, part));
	}
}
const bytes = (length: number, fill = 7): Buffer => Buffer.alloc(length, fill);
const sizes = fc.record({ length: fc.integer({ min: 1, max: 3000 }), most: fc.integer({ min: 64, max: 400 }) });

describe("a fragmented message", () => {
	it("is complete with its last fragment, and no fragment exceeds the limit", () =>
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.integer({ min: 64, max: 400 }), (content, most) => {
				const message = Buffer.from(content);
				const parts = [...fragmentsOf(message, "gateway-1", 5, most)];
				expect(parts.every((part) => isFragment(part) && part.length <= most)).toBe(true);
				const bench = new Bench();
				expect(bench.take(parts)).toEqual([...parts.slice(1).map(() => null), message]);
				expect([bench.assembly.size, bench.timers]).toEqual([0, 0]);
			}),
		));
	it("is distinguished from a complete one, which is JSON", () => expect(isFragment(Buffer.from("{}"))).toBe(false));
	it("of many senders and types is complete in whatever order they interleave", () =>
		fc.assert(
			fc.property(fc.array(sizes, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat()), (all, chance) => {
				const bench = new Bench();
				const waiting = all.map(({ length, most }, n) => ({
					n,
					length,
					kind: n % 2 ? "RES" : "REQ",
					parts: [...fragmentsOf(bytes(length, n), `node-${n % 3}`, n, most)],
				}));
				const whole: number[] = [];
				while (waiting.length > 0) {
					const at = Number(chance.next().value) % waiting.length;
					const one = waiting[at];
					const part = one?.parts.shift();
					if (!one || !part) waiting.splice(at, 1);
					else if (bench.assembly.add(one.kind, part)?.equals(bytes(one.length, one.n))) whole.push(one.n);
				}
				expect(whole.toSorted((a, b) => a - b)).toEqual(all.map((_, n) => n));
				expect(bench.assembly.size).toBe(0);
			}),
		));
	it("is discarded immediately when a fragment is missing", () =>
		fc.assert(
			fc.property(fc.integer({ min: 500, max: 3000 }), fc.nat(), (length, which) => {
				const parts = [...fragmentsOf(bytes(length), "n", 1, 100)];
				parts.splice(which % (parts.length - 1), 1);
				const bench = new Bench();
				expect(bench.take(parts).filter(Boolean)).toEqual([]);
				expect([bench.assembly.size, bench.timers]).toEqual([0, 0]);
			}),
		));
	it("is discarded after half a minute, or when its sender is gone", () => {
		const bench = new Bench();
		const [first = Buffer.alloc(0)] = fragmentsOf(bytes(1000), "a", 1, 200);
		const [second = Buffer.alloc(0)] = fragmentsOf(bytes(1000), "b", 1, 200);
		bench.take([first, second]);
		bench.assembly.forget("a");
		expect(bench.assembly.size).toBeGreaterThan(0);
		bench.pass(29_999);
		expect(bench.assembly.size).toBeGreaterThan(0);
		bench.pass(1);
		expect([bench.assembly.size, bench.timers]).toEqual([0, 0]);
	});
	it("starts again with a new first fragment", () => {
		const bench = new Bench();
		const parts = [...fragmentsOf(bytes(1000), "a", 1, 200)];
		bench.take(parts.slice(0, 2));
		expect(bench.take(parts).at(-1)).toEqual(bytes(1000));
	});
});

describe("a malformed or hostile message", () => {
	it("is ignored, whatever its bytes", () =>
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 40 }), (content) => {
				const bench = new Bench();
				const message = bench.assembly.add("REQ", Buffer.from([0x1f, ...content]));
				expect(message === null || message.length < content.length).toBe(true);
				expect(bench.assembly.size).toBeLessThan(40);
			}),
		));
	it("cannot exceed the limits per sender and in total", () => {
		const bench = new Bench();
		const whole = bytes(MAX_MESSAGE);
		const part = (sender: string, number: number, size: number): Buffer => {
			const [first = Buffer.alloc(0)] = fragmentsOf(whole, sender, number, size);
			return first;
		};
		for (let n = 0; n < 100; n++) bench.take([part("one", n, 8 * 1024 * 1024)]);
		expect(bench.assembly.size).toBeLessThanOrEqual(MAX_MESSAGE);
		for (let n = 0; n < 100; n++) bench.take([part(`node-${n}`, 1, 8 * 1024 * 1024)]);
		expect(bench.assembly.size).toBeLessThanOrEqual(4 * MAX_MESSAGE);
		for (let n = 0; n < 1000; n++) bench.take([part("tiny", n, 64)]);
		expect(bench.timers).toBeLessThan(200);
	});
	it("is ignored if it would exceed the limit of a message", () => {
		const [first = Buffer.alloc(0)] = fragmentsOf(bytes(1000), "a", 1, 200);
		first.writeUInt32BE(MAX_MESSAGE + 1, 5);
		const bench = new Bench();
		expect([bench.assembly.add("REQ", first), bench.assembly.size]).toEqual([null, 0]);
	});
});
