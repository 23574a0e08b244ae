/** Position - the text form of positions in the API, and the permanent partition of a stream. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parsePositions, partitionOf, positionsText, positionText } from "../../store/position.ts";

describe("a position in the API", () => {
	it("is the partition's name and a number", () => expect(positionText("radar:0", 1234)).toBe("radar:0:1234"));

	it("joins several with commas, and parses them", () => {
		const name = fc.tuple(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), fc.nat(9999)).map(([log, partition]) => `${log}:${partition}`);
		const positions = fc.dictionary(name, fc.nat(999_999_999_999_999), { minKeys: 1, maxKeys: 5, noNullPrototype: true });
		fc.assert(fc.property(positions, (given) => expect(parsePositions(positionsText(given))).toEqual(given)));
	});

	it.each([
		["radar:0:1", { "radar:0": 1 }],
		["radar:0:0", { "radar:0": 0 }],
		["radar:0:0012", { "radar:0": 12 }],
		[" radar:0:1 , registration:15:7 ", { "radar:0": 1, "registration:15": 7 }],
		["case-opening:3:9", { "case-opening:3": 9 }],
		["radar:0:12.3", { "radar:0": 12 }],
		["radar:0:999999999999999", { "radar:0": 999_999_999_999_999 }],
	])("is parsed from %j", (text, positions) => expect(parsePositions(text)).toEqual(positions));

	it("keeps the later of two positions of a partition, in any order", () => {
		expect(parsePositions("radar:0:7,radar:0:5")).toEqual({ "radar:0": 7 });
		expect(parsePositions("radar:0:5,radar:0:7")).toEqual({ "radar:0": 7 });
	});

	it.each([
		"",
		" ",
		",",
		"radar:0:1,",
		",radar:0:1",
		"radar",
		"radar:0",
		"radar:1",
		"radar::1",
		":0:1",
		"radar:0:",
		"radar:0:-1",
		"radar:0:+1",
		"radar:0:1e3",
		"radar:0:0x1f",
		"radar:0:1.5.2",
		"radar:0:1.",
		"radar:0:1.12345",
		"radar:0:NaN",
		"radar:12345:1",
		"radar:-1:1",
		"radar:0:1234567890123456",
		"Radar:0:1",
		"__proto__:0:1",
		"-radar:0:1",
		`${"r".repeat(65)}:0:1`,
		"radar:0:1;radar:0:2",
		"radar:0:١",
		"radar:0:1\u0000",
	])("is not parsed from %j", (text) => expect(parsePositions(text)).toBeNull());

	it("is parsed or refused for any text, and never throws", () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom("r", "a", ":", ",", "0", "9", ".", " ", "-", "é", "\n"), maxLength: 40 }), (text) => {
				for (const [name, position] of Object.entries(parsePositions(text) ?? {})) {
					expect(name).toMatch(/^[a-z-]+:\d+$/);
					expect(Number.isSafeInteger(position)).toBe(true);
				}
			}),
			{ numRuns: 500 },
		);
	});
});

describe("the partition of a stream", () => {
	it("is 0 if there is only one", () => expect(partitionOf("radar-1", 1)).toBe(0));

	it("never changes: these values were recorded", () =>
		expect(["radar-1", "radar-FR-0001", "vehicle-FR-AB-123-CD", "owner-Zoë", ""].map((stream) => partitionOf(stream, 16))).toEqual([
			9, 2, 1, 13, 5,
		]));

	it("is an existing one", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 64 }), (stream, partitions) => {
				const partition = partitionOf(stream, partitions);
				expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
			}),
		);
	});

	it("distributes streams roughly evenly", () => {
		const counts = Array.from({ length: 16 }, () => 0);
		for (let i = 0; i < 16_000; i++) {
			const partition = partitionOf(`detection-${i}`, 16);
			counts[partition] = (counts[partition] ?? 0) + 1;
		}
		expect(Math.min(...counts)).toBeGreaterThan(800);
		expect(Math.max(...counts)).toBeLessThan(1200);
	});
});
