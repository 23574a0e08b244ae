/** How long the oldest commit not taken has been waiting, whatever the clock on the wall does meanwhile. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { LagClock } from "../../../mixins/monitoring/lag-clock.ts";

const NOON = "2026-03-01T12:00:00.000Z";
const HOUR = 3_600_000;

describe("a follower that is behind", () => {
	let waiting: LagClock;
	/** Milliseconds since noon on the wall, and since anything at all on the steady clock. */
	let wall: number;
	let steady: number;
	beforeEach(() => {
		waiting = new LagClock();
		[wall, steady] = [0, 5000];
	});
	const go = (milliseconds: number): void => void ([wall, steady] = [wall + milliseconds, steady + milliseconds]);
	/** Asked at a turn of its own. */
	const seconds = (position: number, at: string | null, follower = "radars radar:0"): number => {
		const found = waiting.seconds(follower, position, at, { wall: Date.parse(NOON) + wall, steady });
		waiting.turn();
		return found;
	};

	it("has waited since the oldest commit it has not taken came", () => {
		go(1500);
		expect(seconds(7, NOON)).toBe(1.5);
		go(10_000);
		expect(seconds(7, NOON)).toBe(11.5);
	});

	it("begins anew with every commit it takes", () => {
		go(60_000);
		expect(seconds(7, NOON)).toBe(60);
		expect(seconds(8, "2026-03-01T12:00:59.000Z")).toBe(1);
	});

	it("waits on while the clock steps back an hour", () => {
		go(20_000);
		expect(seconds(7, NOON)).toBe(20);
		wall -= HOUR;
		go(10_000);
		expect(seconds(7, NOON)).toBe(30);
	});

	it("waits no longer than it did while the clock steps ahead an hour", () => {
		go(20_000);
		expect(seconds(7, NOON)).toBe(20);
		wall += HOUR;
		go(10_000);
		expect(seconds(7, NOON)).toBe(30);
	});

	it("waits from 0 on for a commit that seems to come from the future", () => {
		wall -= HOUR;
		expect(seconds(7, NOON)).toBe(0);
		go(10_000);
		expect(seconds(7, NOON)).toBe(10);
	});

	it("waits since it was first seen while the commit cannot be read, and since it came when it can", () => {
		go(30_000);
		expect(seconds(7, null)).toBe(0);
		go(5000);
		expect(seconds(7, null)).toBe(5);
		go(5000);
		expect(seconds(7, NOON)).toBe(40);
	});

	it("does not count the time it was level", () => {
		go(1000);
		expect(seconds(7, NOON)).toBe(1);
		waiting.turn(); // level: nobody asked
		go(60_000);
		expect(seconds(7, "2026-03-01T12:01:00.000Z")).toBe(1);
	});

	it("is one of several, and each waits for itself", () => {
		go(2000);
		const of = (follower: string, at: string): number => waiting.seconds(follower, 7, at, { wall: Date.parse(NOON) + wall, steady });
		expect([of("radars", NOON), of("detections", "2026-03-01T12:00:01.000Z")]).toEqual([2, 1]);
	});
});
