/** Limits - the number of connections of a gateway for a limit of open files, and one report for a reached limit. */
import { describe, expect, it } from "@jest/globals";
import { limitsOf, Reached } from "../../mixins/http/server/limits.ts";

describe("the connections of a gateway", () => {
	it.each([
		[64, 16],
		[256, 128],
		[1024, 768],
		[4096, 3072],
		[65_536, 10_000],
		[Number.POSITIVE_INFINITY, 10_000],
	])("with %d open files are %d, and half of them may be live feeds", (openFiles, connections) =>
		expect(limitsOf(openFiles)).toEqual({ openFiles, connections, feeds: connections / 2, clientFeeds: connections / 8 }),
	);
	it("depend on the limit of open files of this process", () => expect(limitsOf().connections).toBeGreaterThanOrEqual(16));
});

describe("a limit that is reached", () => {
	it("is reported once, counted each time, and does not end at once", () => {
		const lines: string[] = [];
		const counts: unknown[] = [];
		const reached = new Reached((line) => void lines.push(line));
		reached.check();
		for (let n = 0; n < 3; n++) reached.note("feeds", "the limit is 64");
		reached.check();
		reached.figures((name, count, labels) => void counts.push([name, count, labels]));
		expect(lines).toEqual(["Half of all connections are live feeds, so further feeds are refused: the limit is 64"]);
		expect(counts).toContainEqual(["vigie_http_limits_total", 3, { limit: "feeds" }]);
		expect(counts).toContainEqual(["vigie_http_limits_total", 0, { limit: "pace" }]);
	});
});
