/** LagClock - how long the oldest unhandled commit has been waiting, independent of changes of the wall clock. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { LagClock } from "../../../mixins/monitoring/lag-clock.ts";

const NOON = "2026-03-01T12:00:00.000Z";
const HOUR = 3_600_000;

describe("a follower that is behind", () => {
	let waiting: LagClock;
	/** Milliseconds since noon on the wall clock, and on the steady clock. */
	let wall: number;
	let steady: number;
	beforeEach(() => {
		waiting = new LagClock();
		[wall, steady] = [0, 5000];
	});
	const go = (milliseconds: number): void => void ([wall, steady] = [wall + milliseconds, steady + milliseconds]);
	/** The lag, read in a turn of its own. */
	const seconds = (position: number, at: string | null, follower = "radars radar:0"): number => {
		const found = waiting.seconds(follower, position, at, { wall: Date.parse(NOON) + wall, steady });
		waiting.turn();
		return found;
	};

	it("has waited since its oldest unhandled commit was decided", () => {
		go(1500);
		expect(seconds(7, NOON)).toBe(1.5);
		go(10_000);
		expect(seconds(7, NOON)).toBe(11.5);
	});

	it("starts again with every commit it handles", () => {
		go(60_000);
		expect(seconds(7, NOON)).toBe(60);
		expect(seconds(8, "2026-03-01T12:00:59.000Z")).toBe(1);
	});

	it("continues to count when the clock steps back an hour", () => {
		go(20_000);
		expect(seconds(7, NOON)).toBe(20);
		wall -= HOUR;
		go(10_000);
		expect(seconds(7, NOON)).toBe(30);
	});

	it("does not jump when the clock steps ahead an hour", () => {
		go(20_000);
		expect(seconds(7, NOON)).toBe(20);
		wall += HOUR;
		go(10_000);
		expect(seconds(7, NOON)).toBe(30);
	});

	it("counts from 0 for a commit from the future", () => {
		wall -= HOUR;
		expect(seconds(7, NOON)).toBe(0);
		go(10_000);
		expect(seconds(7, NOON)).toBe(10);
	});

	it("counts from the first sight of an unreadable commit, and from its decision once it is readable", () => {
		go(30_000);
		expect(seconds(7, null)).toBe(0);
		go(5000);
		expect(seconds(7, null)).toBe(5);
		go(5000);
		expect(seconds(7, NOON)).toBe(40);
	});

	it("does not count the time without lag", () => {
		go(1000);
		expect(seconds(7, NOON)).toBe(1);
		waiting.turn(); // a turn without lag
		go(60_000);
		expect(seconds(7, "2026-03-01T12:01:00.000Z")).toBe(1);
	});

	it("counts separately from other followers", () => {
		go(2000);
		const of = (follower: string, at: string): number => waiting.seconds(follower, 7, at, { wall: Date.parse(NOON) + wall, steady });
		expect([of("radars", NOON), of("detections", "2026-03-01T12:00:01.000Z")]).toEqual([2, 1]);
	});
});
