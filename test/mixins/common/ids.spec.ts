/** New ids are all different, in the order they were made in, and what they claim to be. */
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { validate, version } from "uuid";
import { derivedId, newId } from "../../../mixins/common/ids.ts";

const timeOf = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
afterEach(() => void jest.restoreAllMocks());

describe("a new id", () => {
	it("is a UUID of version 7, of this millisecond", () => {
		const [before, id, after] = [Date.now(), newId(), Date.now()];
		expect([validate(id), version(id)]).toEqual([true, 7]);
		expect(timeOf(id)).toBeGreaterThanOrEqual(before);
		expect(timeOf(id)).toBeLessThanOrEqual(after);
	});

	it("comes after those made before it, and is none of them", () => {
		const ids = Array.from({ length: 50_000 }, newId);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids).toEqual(ids.toSorted());
	});

	it("comes after those made before it also where the clock is set back", () => {
		const before = newId();
		jest.spyOn(Date, "now").mockReturnValue(timeOf(before) - 60_000);
		const after = newId();
		expect([before, after].toSorted()).toEqual([before, after]);
	});

	it("has bytes of its own, whichever of a draw it takes", () => {
		const tails = Array.from({ length: 1_000 }, () => newId().slice(-10));
		expect(new Set(tails).size).toBe(tails.length);
	});
});

it("a derived id is the same for the same name, and for no other", () => {
	expect(derivedId("a")).toBe(derivedId("a"));
	expect(derivedId("a")).not.toBe(derivedId("b"));
	expect(version(derivedId("a"))).toBe(5);
});
