/** The manual clock goes forward only, and stores each instant once. */
import { describe, it } from "@jest/globals";
import { given } from "../../model/given.ts";
import { clock } from "../../services/operations/clock.service.ts";
import { day } from "../grammar/words.ts";

const advanced = (to: string) => ({ type: "clock.advanced", data: { to } }) as const;

describe("a manual clock", () => {
	it("is advanced", () =>
		given(clock)
			.at(day(1))
			.when("advance", { id: "system", to: day(2) })
			.then(advanced(day(2))));
	it("is advanced again", () =>
		given(clock, advanced(day(2)))
			.at(day(2))
			.when("advance", { id: "system", to: day(3) })
			.then(advanced(day(3))));
	it("may be advanced to the present instant", () =>
		given(clock)
			.at(day(1))
			.when("advance", { id: "system", to: day(1) })
			.then(advanced(day(1))));
	it("never goes back", () =>
		given(clock, advanced(day(2)))
			.at(day(2))
			.when("advance", { id: "system", to: day(1) })
			.thenRefused("CLOCK_BEHIND"));
	it("stores the same instant once", () =>
		given(clock, advanced(day(2)))
			.at(day(2))
			.when("advance", { id: "system", to: day(2) })
			.thenNothing());
});
