/** Messages in parts: whole again whatever their size and however senders mix, gone at once where a part is missing, and bounded where nobody means well. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Assembly, isPart, MOST_BYTES, partsOf } from "../../mixins/fragments.ts";

/** An assembly whose time passes when it is told to. */
class Bench {
	#now = 0;
	#timers: { readonly at: number; readonly run: () => void }[] = [];
	readonly assembly = new Assembly({
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
		return [...parts].map((part) => this.assembly.take(kind, part));
	}
}
const bytes = (length: number, fill = 7): Buffer => Buffer.alloc(length, fill);
const sizes = fc.record({ length: fc.integer({ min: 1, max: 3000 }), most: fc.integer({ min: 64, max: 400 }) });

describe("a message in parts", () => {
	it("is whole again with its last part, and no part is larger than may be", () =>
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.integer({ min: 64, max: 400 }), (content, most) => {
				const message = Buffer.from(content);
				const parts = [...partsOf(message, "gateway-1", 5, most)];
				expect(parts.every((part) => isPart(part) && part.length <= most)).toBe(true);
				const bench = new Bench();
				expect(bench.take(parts)).toEqual([...parts.slice(1).map(() => null), message]);
				expect([bench.assembly.held, bench.timers]).toEqual([0, 0]);
			}),
		));
	it("is told from one that is whole, which is JSON", () => expect(isPart(Buffer.from("{}"))).toBe(false));
	it("of many senders and kinds is whole however their parts are mixed", () =>
		fc.assert(
			fc.property(fc.array(sizes, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat()), (all, chance) => {
				const bench = new Bench();
				const waiting = all.map(({ length, most }, n) => ({
					n,
					length,
					kind: n % 2 ? "RES" : "REQ",
					parts: [...partsOf(bytes(length, n), `node-${n % 3}`, n, most)],
				}));
				const whole: number[] = [];
				while (waiting.length > 0) {
					const at = Number(chance.next().value) % waiting.length;
					const one = waiting[at];
					const part = one?.parts.shift();
					if (!one || !part) waiting.splice(at, 1);
					else if (bench.assembly.take(one.kind, part)?.equals(bytes(one.length, one.n))) whole.push(one.n);
				}
				expect(whole.toSorted((a, b) => a - b)).toEqual(all.map((_, n) => n));
				expect(bench.assembly.held).toBe(0);
			}),
		));
	it("is dropped at once where a part is missing, and those after it are no beginning", () =>
		fc.assert(
			fc.property(fc.integer({ min: 500, max: 3000 }), fc.nat(), (length, which) => {
				const parts = [...partsOf(bytes(length), "n", 1, 100)];
				parts.splice(which % (parts.length - 1), 1);
				const bench = new Bench();
				expect(bench.take(parts).filter(Boolean)).toEqual([]);
				expect([bench.assembly.held, bench.timers]).toEqual([0, 0]);
			}),
		));
	it("is dropped when nothing more comes of it for half a minute, or its sender is gone", () => {
		const bench = new Bench();
		const [first = Buffer.alloc(0)] = partsOf(bytes(1000), "a", 1, 200);
		const [second = Buffer.alloc(0)] = partsOf(bytes(1000), "b", 1, 200);
		bench.take([first, second]);
		bench.assembly.forget("a");
		expect(bench.assembly.held).toBeGreaterThan(0);
		bench.pass(29_999);
		expect(bench.assembly.held).toBeGreaterThan(0);
		bench.pass(1);
		expect([bench.assembly.held, bench.timers]).toEqual([0, 0]);
	});
	it("is anew what begins again, as by a process that has taken over a name", () => {
		const bench = new Bench();
		const parts = [...partsOf(bytes(1000), "a", 1, 200)];
		bench.take(parts.slice(0, 2));
		expect(bench.take(parts).at(-1)).toEqual(bytes(1000));
	});
});

describe("what makes no sense", () => {
	it("is no message, whatever its bytes, and nothing is kept of it", () =>
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 40 }), (content) => {
				const bench = new Bench();
				const message = bench.assembly.take("REQ", Buffer.from([0x1f, ...content]));
				expect(message === null || message.length < content.length).toBe(true);
				expect(bench.assembly.held).toBeLessThan(40);
			}),
		));
	it("keeps no more than one message's bytes of a sender, few messages of each, and a bounded number of bytes of all", () => {
		const bench = new Bench();
		const whole = bytes(MOST_BYTES);
		const part = (sender: string, number: number, size: number): Buffer => {
			const [first = Buffer.alloc(0)] = partsOf(whole, sender, number, size);
			return first;
		};
		for (let n = 0; n < 100; n++) bench.take([part("one", n, 8 * 1024 * 1024)]);
		expect(bench.assembly.held).toBeLessThanOrEqual(MOST_BYTES);
		for (let n = 0; n < 100; n++) bench.take([part(`node-${n}`, 1, 8 * 1024 * 1024)]);
		expect(bench.assembly.held).toBeLessThanOrEqual(4 * MOST_BYTES);
		for (let n = 0; n < 1000; n++) bench.take([part("tiny", n, 64)]);
		expect(bench.timers).toBeLessThan(200);
	});
	it("is not begun where it would be larger than a message may be", () => {
		const [first = Buffer.alloc(0)] = partsOf(bytes(1000), "a", 1, 200);
		first.writeUInt32BE(MOST_BYTES + 1, 5);
		const bench = new Bench();
		expect([bench.assembly.take("REQ", first), bench.assembly.held]).toEqual([null, 0]);
	});
});
