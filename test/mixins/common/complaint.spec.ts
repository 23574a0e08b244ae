/** Complaint - a recurring failure is one log line, and its end another. */
import { describe, expect, it } from "@jest/globals";
import { Complaint } from "../../../mixins/common/complaint.ts";

const said: string[] = [];
const tried = (once: Complaint, error?: Error): string[] => {
	if (error) once.failed(error);
	else once.fine();
	return said.splice(0);
};

describe("a recurring failure", () => {
	const once = new Complaint("radars could not be found", (line) => void said.push(line));
	const away = new Error("no answer\n  at all");

	it("is not logged before it occurs", () => expect(tried(once)).toEqual([]));
	it("is logged once, in one line with its first reason", () => {
		expect(tried(once, away)).toEqual(["radars could not be found: no answer at all"]);
		expect([tried(once, away), tried(once, new Error("not primary"))]).toEqual([[], []]);
	});
	it("is logged once when it is over", () => {
		expect(tried(once)).toEqual(["It is over: radars could not be found"]);
		expect(tried(once)).toEqual([]);
	});
	it("is logged again when it begins again", () => expect(tried(once, away)).toEqual(["radars could not be found: no answer at all"]));
});
