/** Outcome - a failure of an asked actor keeps its meaning and its node on the way through the outcome of a batch. */
import { describe, expect, it } from "@jest/globals";
import { answerIn, onlyOf, type Outcome, outcomeOf } from "../../../mixins/actors/outcome.ts";
import { CallerGone } from "../../../mixins/common/caller-gone.ts";
import { StoreUnavailable, StreamUnreadable } from "../../../store/log.ts";

const sent = (outcome: Outcome<unknown>) => JSON.parse(JSON.stringify(outcome)) as Outcome<unknown>; // as on the wire
const thrown = (work: () => unknown): unknown => {
	try {
		return work();
	} catch (error) {
		return error;
	}
};
const failures = [
	[
		"a store that does not answer",
		new StoreUnavailable("radar-1 cannot be read"),
		{ type: "STORE_UNAVAILABLE", code: 503, retryable: true },
	],
	["a stream that cannot be read", new StreamUnreadable("radar-1"), { type: "STREAM_UNREADABLE", code: 500, retryable: false }],
	["a caller that is gone", new CallerGone("too late"), { type: "CALLER_GONE", code: 503, retryable: true }],
] as const;

describe("a failure", () => {
	it.each(failures)("is the same alone and among many: %s", (_what, error, expected) => {
		expect(thrown(() => onlyOf([{ error }]))).toMatchObject(expected);
		expect(thrown(() => answerIn(sent(outcomeOf({ error }, "asked"))))).toMatchObject({ ...expected, message: error.message });
	});
	it("of an asked node is not one of the node that asks", () => {
		const error = thrown(() => answerIn(sent(outcomeOf({ error: new StoreUnavailable("no answer") }, "asked"))));
		expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", nodeID: "asked" });
	});
	it("that is unexpected stays an error without a code", () => {
		const error = thrown(() => answerIn(sent(outcomeOf({ error: new RangeError("oops") }, "asked"))));
		expect(error).toMatchObject({ message: "oops", nodeID: "asked" });
		expect(error).not.toHaveProperty("type");
	});
	it("is thrown for an item that has no outcome", () => {
		expect(() => answerIn(undefined)).toThrow("no answer");
		expect(() => onlyOf([])).toThrow("no outcome");
	});
});
