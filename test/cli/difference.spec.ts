/** Difference - the changes between two states, field by field. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { differences } from "../../cli/es/difference.ts";

describe("two states", () => {
	it("that are equal have no difference", () => expect(differences({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toEqual([]));
	it.each([
		["a field that was added", { a: 1 }, { a: 1, b: 2 }, [{ path: "b", after: 2 }]],
		["a field that was removed", { a: 1, b: { c: 2 } }, { a: 1 }, [{ path: "b", before: { c: 2 } }]],
		["a field deep inside", { a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }, [{ path: "a.b.c", before: 1, after: 2 }]],
		["a value that became null", { a: 1 }, { a: null }, [{ path: "a", before: 1, after: null }]],
		["an object that became a list", { a: {} }, { a: [] }, [{ path: "a", before: {}, after: [] }]],
		["an entry at the end", { a: [1] }, { a: [1, 2] }, [{ path: "a[1]", after: 2 }]],
		["an entry inserted in a timeline: one addition, and no shift", { a: [1, 3] }, { a: [1, 2, 3] }, [{ path: "a[1]", after: 2 }]],
		["an entry removed from a timeline", { a: [1, 2, 3] }, { a: [1, 3] }, [{ path: "a[1]", before: 2 }]],
		["an entry changed in its middle", { a: [1, { b: 2 }, 3] }, { a: [1, { b: 4 }, 3] }, [{ path: "a[1].b", before: 2, after: 4 }]],
		["one of two equal entries", { a: [1, 1] }, { a: [1] }, [{ path: "a[1]", before: 1 }]],
	])("show %s", (_what, before, after, changes) => expect(differences(before, after)).toEqual(changes));

	const copied = (value: unknown) => JSON.parse(JSON.stringify(value)) as object; // JSON has only one zero
	const json = fc.jsonValue({ maxDepth: 3 }).map(copied);
	it("have a difference exactly if they are not equal", () =>
		fc.assert(
			fc.property(json, json, (before, after) => {
				expect(differences({ value: before }, { value: copied(before) })).toEqual([]);
				expect(differences({ value: before }, { value: after }).length === 0).toBe(isDeepStrictEqual(before, after));
			}),
		));
	it("show the same in reverse, with before and after exchanged", () =>
		fc.assert(
			fc.property(json, json, (one, other) => {
				const there = differences({ value: one }, { value: other });
				const back = differences({ value: other }, { value: one });
				expect(new Map(back.map(({ path, before, after }) => [path, [after, before]]))).toEqual(
					new Map(there.map(({ path, before, after }) => [path, [before, after]])),
				);
			}),
		));
});
