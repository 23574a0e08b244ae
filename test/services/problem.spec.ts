/** Problem - the code of each failure in an answer: temporary failures can be retried, and unknown ones are not hidden. */
import { describe, expect, it } from "@jest/globals";
import { Errors } from "moleculer";
import { CODES } from "../../mixins/common/codes.ts";
import { failureError } from "../../mixins/common/errors.ts";
import { CallerGone } from "../../mixins/common/caller-gone.ts";
import { problem, problemOf, rawProblem } from "../../mixins/http/server/problem.ts";
import { StoreUnavailable, StreamUnreadable } from "../../store/log.ts";

describe("a failure", () => {
	it.each<[string, Error, number, string, number | undefined]>([
		["of the store", new StoreUnavailable("events.db: database or disk is full"), 503, "STORE_UNAVAILABLE", 1],
		["of an unreadable stream", new StreamUnreadable("radar-x"), 500, "STREAM_UNREADABLE", undefined],
		[
			"of a call that was not sent, because its time was up",
			new Errors.RequestSkippedError({ action: "radar.at", nodeID: "a" }),
			503,
			"REQUEST_TIMEOUT",
			1,
		],
		["of a call without an answer in time", new Errors.RequestTimeoutError({ action: "radar.at", nodeID: "a" }), 503, "REQUEST_TIMEOUT", 1],
		["of a command whose caller is gone", new CallerGone("The caller no longer waits for this command"), 503, "REQUEST_TIMEOUT", 1],
		["that is unexpected", new TypeError("of undefined"), 500, "INTERNAL_ERROR", undefined],
	])("%s is answered with its code, also when it came over the network", (_what, error, status, code, retryAfter) => {
		for (const given of [error, failureError(error)]) {
			const found = problemOf(given);
			expect([found.status, found.code, found.retryAfter]).toEqual([status, code, retryAfter]);
		}
	});

	it("has its code in words as the title", () => {
		const [, page = "{}"] = rawProblem(problem(CODES.READ_MODEL_LAGGING, "It has not reached this position yet"), {}).split("\r\n\r\n");
		expect(JSON.parse(page)).toEqual({
			type: "urn:vigie:problem:READ_MODEL_LAGGING",
			title: "Read model lagging",
			status: 503,
			code: "READ_MODEL_LAGGING",
			detail: "It has not reached this position yet",
		});
	});
	it("of an unreadable stream names the stream; an unexpected one reveals no internals", () => {
		expect(problemOf(failureError(new StreamUnreadable("radar-x", new Error("its text is not JSON")))).detail).toBe(
			"radar-x cannot be read: its text is not JSON",
		);
		expect(problemOf(new TypeError("of undefined")).detail).not.toMatch(/undefined/);
	});
});
