/** A complaint that comes every second is one line, and its end another. */
import { describe, expect, it } from "@jest/globals";
import { Complaint } from "../../../mixins/common/complaint.ts";

const said: string[] = [];
const tried = (once: Complaint, error?: Error): string[] => {
	if (error) once.failed(error);
	else once.fine();
	return said.splice(0);
};

describe("what goes wrong again and again", () => {
	const once = new Complaint("radars could not be found", (line) => void said.push(line));
	const away = new Error("no answer\n  at all");

	it("is not spoken of before it does", () => expect(tried(once)).toEqual([]));
	it("is said with its reason, in one line, and not again while it lasts, whatever the reason becomes", () => {
		expect(tried(once, away)).toEqual(["radars could not be found: no answer at all"]);
		expect([tried(once, away), tried(once, new Error("not primary"))]).toEqual([[], []]);
	});
	it("is said to be over, once", () => {
		expect(tried(once)).toEqual(["It is over: radars could not be found"]);
		expect(tried(once)).toEqual([]);
	});
	it("is said anew when it begins anew", () => expect(tried(once, away)).toEqual(["radars could not be found: no answer at all"]));
});
