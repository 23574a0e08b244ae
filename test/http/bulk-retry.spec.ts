/** Bulk retry: undecided commands of a batch are retried as the same commands while time is left; all other outcomes stay. */
import { describe, expect, it } from "@jest/globals";
import type { Item, Outcome } from "../../mixins/actors/outcome.ts";
import { retryUndecided } from "../../mixins/http/bulk-retry.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const items = (count: number): Item[] => Array.from({ length: count }, (_, n) => ({ params: { id: `d-${n}` } }));
const late: Outcome = { failure: "Nobody waits", unavailable: true, undecided: true };
const away: Outcome = { failure: "no disk", unavailable: true };
const refused: Outcome = { refusal: { status: 422, code: "VALIDATION_ERROR", detail: "no" } };
const done = ({ params }: Item): Outcome => ({
	done: { id: String(params["id"]), version: 1, position: "radar:0:1", begun: true, replayed: false, written: true, answer: {} },
});

describe("a batch", () => {
	it("retries its undecided commands and no others, and keeps the order of the outcomes", async () => {
		const given: (readonly Item[])[] = [];
		const outcomes = await retryUndecided(items(5), 10_000, NOW, async (some) => {
			given.push(some);
			return given.length === 1
				? [done(items(1)[0] as Item), late, refused, late, away]
				: given.length === 2
					? [late, done(some[1] as Item)]
					: some.map(done);
		});
		expect(given.map((some) => some.map(({ params }) => params["id"]))).toEqual([
			["d-0", "d-1", "d-2", "d-3", "d-4"],
			["d-1", "d-3"],
			["d-1"],
		]);
		expect(outcomes).toEqual([
			done({ params: { id: "d-0" } }),
			done({ params: { id: "d-1" } }),
			refused,
			done({ params: { id: "d-3" } }),
			away,
		]);
		const ids = given.map((some) => some.map(({ commandId }) => commandId));
		expect([new Set(ids[0]).size, ids[1], ids[2]]).toEqual([5, [ids[0]?.[1], ids[0]?.[3]], [ids[0]?.[1]]]);
	});
	it("returns undecided outcomes when no time is left", async () => {
		let times = 0;
		expect(await retryUndecided(items(1), 500, NOW, async () => (times++, [late]))).toEqual([late]);
		expect(times).toBe(1);
	});
	it("fails when the first attempt fails, and keeps its outcomes when a later one does", async () => {
		await expect(retryUndecided(items(1), 10_000, NOW, () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
		let times = 0;
		const outcomes = await retryUndecided(items(1), 900, NOW, () =>
			times++ === 0 ? Promise.resolve([late]) : Promise.reject(new Error("gone")),
		);
		expect(outcomes).toEqual([late]);
	});
});
