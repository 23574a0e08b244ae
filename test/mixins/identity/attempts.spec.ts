/** Failed logins are slowed for each name, and in bounded memory. */
import { describe, expect, it } from "@jest/globals";
import { Attempts, FREE } from "../../../mixins/identity/attempts.ts";

const MINUTE = 60_000;
const failed = async (attempts: Attempts, name: string, at: number, times = 1): Promise<void> => {
	for (let n = 0; n < times; n++)
		await attempts.check(
			name,
			() => at,
			async () => false,
		);
};

describe("attempts with one name", () => {
	it("wait after ten failures, longer each time, and at most a quarter of an hour", async () => {
		const attempts = new Attempts();
		await failed(attempts, "bob", 0, FREE - 1);
		expect(attempts.wait("bob", 0)).toBe(0);
		let now = 0;
		const waits: number[] = [];
		for (let n = 0; n < 8; n++) {
			await failed(attempts, "bob", now);
			waits.push(attempts.wait("bob", now) / 1000);
			now += attempts.wait("bob", now);
			expect(attempts.wait("bob", now)).toBe(0);
		}
		expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
		expect(attempts.wait("ada", now)).toBe(0);
	});
	it("are forgotten after a success, or an hour", async () => {
		const attempts = new Attempts();
		await failed(attempts, "bob", 0, FREE);
		expect(attempts.wait("bob", 29_999)).toBe(1);
		expect(
			await attempts.check(
				"bob",
				() => MINUTE,
				async () => true,
			),
		).toBe(true);
		await failed(attempts, "bob", MINUTE);
		expect(attempts.wait("bob", MINUTE)).toBe(0);
		await failed(attempts, "ada", 0, FREE + 5);
		expect(attempts.wait("ada", 59 * MINUTE)).toBe(0); // the pause is over, but a failure counts
		await failed(attempts, "ada", 61 * MINUTE);
		expect(attempts.wait("ada", 61 * MINUTE)).toBe(0);
	});
	it("count while they are checked, so that many at once are not more than the limit", async () => {
		const attempts = new Attempts();
		const checks: ((success: boolean) => void)[] = [];
		let admitted = 0;
		const all: Promise<boolean>[] = [];
		for (let n = 0; n < 100; n++) {
			if (attempts.wait("bob", 0) > 0) continue;
			admitted++;
			all.push(
				attempts.check(
					"bob",
					() => 0,
					() => new Promise((resolve) => checks.push(resolve)),
				),
			);
		}
		expect(admitted).toBe(FREE);
		for (const check of checks) check(false);
		await Promise.all(all);
		expect(attempts.wait("bob", 0)).toBe(30_000);
	});
	it("of very many names are forgotten, the oldest first", async () => {
		const attempts = new Attempts();
		await failed(attempts, "bob", 0, FREE);
		for (let n = 0; n < 20_001; n++) await failed(attempts, `name-${n}`, 0);
		expect(attempts.wait("bob", 0)).toBe(0);
	});
});
