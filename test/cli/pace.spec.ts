/** The pace of a progress bar: the rate and the time left. */
import { expect, it } from "@jest/globals";
import { paceOf } from "../../cli/common/terminal.ts";

it("a pace is measured from the first call", () => {
	let now = 5_000;
	const pace = paceOf(() => now);
	expect(pace(40_000, 100_000)).toBe(""); // no progress since the first call
	now += 2_000;
	expect(pace(60_000, 100_000)).toBe(" · 10,000/s · 4 s left");
	now += 2_000;
	expect(pace(100_000, 100_000)).toBe(" · 15,000/s · 0 s left");
});
it.each([
	[59, "59 s"],
	[60, "1 min"],
	[61, "2 min"],
	[3_599, "60 min"],
	[5_400, "1.5 h"],
])("%i seconds are shown as %s", (seconds, told) => {
	let now = 0;
	const pace = paceOf(() => now);
	pace(0, seconds + 1);
	now = 1_000;
	expect(pace(1, seconds + 1)).toBe(` · 1/s · ${told} left`);
});
