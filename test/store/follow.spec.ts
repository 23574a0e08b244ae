/** Follow - the follower processes each commit once and in order, whatever the hints are (DESIGN §5, LAW 6). */
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Commit, Tail } from "../../store/log.ts";
import { ForeignHistory } from "../../store/chain.ts";
import { Follower, Indigestible } from "../../store/follow.ts";
import { chainedAfter, EMPTY, tailOf, things } from "../support/commits.ts";
import { turns } from "../support/turns.ts";

/** A growing log, and a consumer that records its commits. */
class Scene {
	readonly log: Commit[] = [];
	readonly taken: number[] = [];
	readonly batches: number[] = [];
	readonly stopped: Error[] = [];
	pauses = 0;
	scheduled = true;
	wake: () => void = () => undefined;
	/** Checkpoint of the process that owns the work; null while this process owns it. */
	elsewhere: number | null = null;
	asked = 0;
	/** May throw, or return a place that another process has reached. */
	take: (commits: readonly Commit[]) => number | null = () => null;
	/** Scripted results of the next reads; the log if empty. */
	readonly reads: ((after: number) => Promise<readonly Commit[]>)[] = [];
	readonly follower: Follower;

	constructor(from: number | Tail = 0, commits = 0, ...reads: Scene["reads"]) {
		this.grow(commits);
		this.reads.push(...reads);
		this.follower = new Follower("thing:0", {
			read: async (after, limit) => this.reads.shift()?.(after) ?? this.log.slice(after, after + limit),
			from: typeof from === "number" ? this.at(from) : from,
			standby: () => (this.elsewhere === null ? null : (this.asked++, Promise.resolve(this.at(this.elsewhere)))),
			take: async (commits) => {
				const others = this.take(commits);
				this.batches.push(commits.length);
				this.taken.push(...commits.map(({ position }) => position));
				return others === null ? tailOf(commits) : this.at(others);
			},
			every: (wake) => {
				this.wake = wake;
				this.scheduled = true;
				return () => (this.scheduled = false);
			},
			pause: async () => {
				this.pauses++;
				await turns(1);
			},
			stopped: (error) => this.stopped.push(error),
		});
		open.push(this);
	}
	/** A place in the log. */
	at(position: number): Tail {
		return tailOf(this.log.slice(0, position));
	}
	grow(count: number): void {
		this.log.push(...things(count, tailOf(this.log)));
	}
}
const open: Scene[] = [];
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const hops = async (count: number): Promise<void> => {
	for (let i = 0; i < count; i++) await null;
};

describe("a follower", () => {
	afterEach(() => {
		for (const scene of open.splice(0)) void scene.follower.stop();
	});

	it("processes existing commits after its checkpoint at the start, without a hint", async () => {
		const scene = new Scene(2, 5);
		await turns();
		expect(scene.taken).toEqual([3, 4, 5]);
		expect(scene.follower.position).toBe(5);
	});

	it("processes commits after a hint", async () => {
		const scene = new Scene();
		await turns();
		scene.grow(3);
		scene.follower.hint(3);
		await turns();
		expect(scene.taken).toEqual([1, 2, 3]);
	});

	it("finds commits without a hint by polling", async () => {
		const scene = new Scene(0, 1);
		await turns();
		scene.grow(2);
		await turns();
		expect(scene.taken).toEqual([1]);
		scene.wake();
		await turns();
		expect(scene.taken).toEqual([1, 2, 3]);
	});

	it("continues without a hint when it is more than a page behind", async () => {
		const scene = new Scene(0, 9000);
		await turns();
		expect(scene.taken).toEqual(upTo(9000));
		expect(scene.batches.length).toBeGreaterThan(1);
	});

	it("processes every commit once and in order, with lost, duplicate, late and premature hints", async () => {
		const act = fc.oneof(
			fc.record({ grow: fc.integer({ min: 1, max: 5 }) }),
			fc.record({ hint: fc.integer({ min: 0, max: 40 }) }),
			fc.record({ look: fc.constant(true) }),
			fc.record({ fail: fc.constantFrom("read", "take") }),
			fc.record({ wait: fc.integer({ min: 0, max: 3 }) }),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
				const scene = new Scene();
				for (const act of acts) {
					if ("grow" in act) scene.grow(act.grow);
					else if ("hint" in act) scene.follower.hint(act.hint);
					else if ("look" in act) scene.wake();
					else if ("wait" in act) await turns(act.wait);
					else if (act.fail === "read") scene.reads.push(() => Promise.reject(new Error("not now")));
					else
						scene.take = () => {
							scene.take = () => null;
							throw new Error("not now");
						};
				}
				await turns(2);
				scene.wake();
				await turns(10);
				expect(scene.taken).toEqual(upTo(scene.log.length));
				await scene.follower.stop();
			}),
			{ numRuns: 150 },
		);
	});

	it("does not process commits after a gap, and resumes once it is filled", async () => {
		const whole = things(4);
		const holed = async (after: number) => whole.filter(({ position }) => position > after && position !== 2);
		const scene = new Scene(0, 4, holed, holed);
		await hops(20);
		expect(scene.taken).toEqual([]);
		expect(scene.pauses).toBe(1);
		await turns();
		expect(scene.taken).toEqual([1, 2, 3, 4]);
		expect(scene.pauses).toBe(2);
		expect(scene.follower.error).toBeNull();
	});

	describe("with rows from another history", () => {
		const other = chainedAfter(EMPTY, [{ stream: "thing-other", version: 0 }]);

		it("processes nothing, and reports the position that differs", async () => {
			const scene = new Scene(tailOf(other), 3);
			await turns();
			expect([scene.taken, scene.follower.position, scene.scheduled]).toEqual([[], 1, false]);
			expect(scene.follower.error).toEqual(new ForeignHistory("thing:0:1 is not the commit that was processed"));
			expect(scene.stopped).toEqual([scene.follower.error]);
		});

		it("waits for a log that ends before its checkpoint, and reports it", async () => {
			const scene = new Scene(tailOf(things(5)), 3);
			await turns();
			expect([scene.taken, scene.follower.error]).toEqual([[], null]);
			expect(scene.follower.trouble).toMatchObject({ reason: "thing:0 does not hold 5, which was already processed" });
			scene.grow(3);
			await turns();
			expect(scene.taken).toEqual([6]);
		});

		it("resumes from the checkpoint of new rows", async () => {
			const scene = new Scene(tailOf(other), 3);
			await turns();
			scene.follower.resume(scene.at(2));
			await turns();
			expect([scene.taken, scene.follower.error, scene.scheduled]).toEqual([[3], null, true]);
		});
	});

	it("stops at a commit that does not chain onto the previous one, even at the next position", async () => {
		const scene = new Scene(0, 2);
		await turns();
		scene.log.push(...chainedAfter({ position: 2, hash: "made up" }, [{ stream: "thing-3", version: 0 }]));
		scene.grow(1);
		scene.follower.hint(4);
		await turns();
		expect(scene.taken).toEqual([1, 2]);
		expect(scene.follower.error).toEqual(new ForeignHistory("thing:0:3 does not chain onto thing:0:2 as it was read before"));
	});

	it("processes nothing while another process owns the work, and resumes at its checkpoint", async () => {
		const scene = new Scene(0, 5);
		scene.elsewhere = 0;
		await turns();
		scene.elsewhere = 3;
		scene.wake();
		await turns();
		expect([scene.taken, scene.follower.position]).toEqual([[], 3]);
		scene.elsewhere = null;
		scene.wake();
		await turns();
		expect(scene.taken).toEqual([4, 5]);
	});

	it("on standby, polls often only while a reader waits", async () => {
		const scene = new Scene(0, 5);
		scene.elsewhere = 1;
		await turns();
		const before = scene.asked;
		scene.follower.hint(5);
		scene.follower.nudge(5);
		await turns();
		expect(scene.asked).toBe(before);
		scene.follower.want(3);
		await turns(20);
		expect(scene.asked).toBeGreaterThan(before + 3);
		scene.elsewhere = 3;
		await turns(5);
		const after = scene.asked;
		await turns(20);
		expect([scene.asked, scene.follower.position]).toEqual([after, 3]);
	});

	it("passes the same commits again when the consumer failed", async () => {
		const scene = new Scene(0, 3);
		let failures = 3;
		scene.take = () => {
			if (failures-- > 0) throw new Error("the rows cannot be written");
			return null;
		};
		await turns();
		expect(scene.taken).toEqual([1, 2, 3]);
		expect(scene.pauses).toBe(3);
	});

	it("stops at a commit that cannot be processed, and reports it", async () => {
		const scene = new Scene(0, 2);
		await turns();
		scene.take = () => {
			throw new Indigestible("the fact at position 3 cannot be folded");
		};
		scene.grow(2);
		scene.follower.hint(4);
		await turns();
		scene.take = () => null;
		scene.follower.hint(4);
		scene.wake();
		await turns();
		expect(scene.taken).toEqual([1, 2]);
		expect(scene.follower.position).toBe(2);
		expect(scene.follower.error).toBeInstanceOf(Indigestible);
		expect(scene.stopped).toHaveLength(1);
		expect(scene.scheduled).toBe(false);
	});

	it("resumes at a place that another process has reached", async () => {
		const scene = new Scene(0, 5);
		scene.take = () => 4;
		await turns();
		scene.take = () => null;
		scene.wake();
		await turns();
		expect(scene.taken).toEqual([1, 2, 3, 4, 5, 5]);
	});

	it("goes back to a given place, even to the beginning", async () => {
		const scene = new Scene(0, 4);
		await turns();
		scene.follower.resume(scene.at(2));
		await turns();
		scene.follower.resume(scene.at(0));
		await turns();
		expect(scene.taken).toEqual([1, 2, 3, 4, 3, 4, 1, 2, 3, 4]);
	});

	it("goes back even while it processes a batch", async () => {
		const scene = new Scene(0, 4);
		let told = false;
		scene.take = () => {
			if (!told) scene.follower.resume(scene.at(1));
			told = true;
			return null;
		};
		await turns();
		expect(scene.taken).toEqual([1, 2, 3, 4, 2, 3, 4]);
	});

	it("knows how far behind it is", async () => {
		const scene = new Scene(0, 2);
		await turns();
		scene.follower.hint(7);
		expect([scene.follower.position, scene.follower.known]).toEqual([2, 7]);
		scene.follower.hint(3);
		expect(scene.follower.known).toBe(7);
	});

	it.each(upTo(12, 0))("receives a hint %d steps of the event loop's inner queue after an empty read", async (count) => {
		const scene = new Scene(0, 0, async () => {
			void hops(count).then(() => {
				scene.grow(1);
				scene.follower.hint(1);
			});
			return [];
		});
		await turns();
		expect(scene.taken).toEqual([1]);
	});

	it.each(upTo(12, 0))("can be stopped %d steps of the event loop's inner queue after an empty read", async (count) => {
		let stopped = false;
		const scene = new Scene(0, 0, async () => {
			void hops(count)
				.then(() => scene.follower.stop())
				.then(() => (stopped = true));
			return [];
		});
		await turns();
		expect(stopped).toBe(true);
	});
});
