/** Ids - new ids are distinct UUIDs of version 7 that sort in order of creation; derived ids depend only on the name. */
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { validate, version } from "uuid";
import { derivedId, newId } from "../../../mixins/common/ids.ts";

const timeOf = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
afterEach(() => void jest.restoreAllMocks());

describe("a new id", () => {
	it("is a UUID of version 7 with the current time", () => {
		const [before, id, after] = [Date.now(), newId(), Date.now()];
		expect([validate(id), version(id)]).toEqual([true, 7]);
		expect(timeOf(id)).toBeGreaterThanOrEqual(before);
		expect(timeOf(id)).toBeLessThanOrEqual(after);
	});

	it("sorts after all ids made before", () => {
		const ids = Array.from({ length: 50_000 }, newId);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids).toEqual(ids.toSorted());
	});

	it("sorts after all ids made before if the clock is set back", () => {
		const before = newId();
		jest.spyOn(Date, "now").mockReturnValue(timeOf(before) - 60_000);
		const after = newId();
		expect([before, after].toSorted()).toEqual([before, after]);
	});

	it("has random bytes of its own", () => {
		const tails = Array.from({ length: 1_000 }, () => newId().slice(-10));
		expect(new Set(tails).size).toBe(tails.length);
	});
});

it("a derived id is the same for the same name, and different for another name", () => {
	expect(derivedId("a")).toBe(derivedId("a"));
	expect(derivedId("a")).not.toBe(derivedId("b"));
	expect(version(derivedId("a"))).toBe(5);
});
