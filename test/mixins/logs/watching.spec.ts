/** Watching - a watcher of one context gets every page from any node, and an error when no node answers. */
import { describe, expect, it } from "@jest/globals";
import { Errors } from "moleculer";
import type { LiveAsked, LivePage } from "../../../mixins/logs/live.ts";
import { watching } from "../../../mixins/logs/watching.ts";
import { turns } from "../../support/turns.ts";

const page = (n: number, unreadable: LivePage["unreadable"] = null): LivePage => ({
	facts: [],
	before: `radar:0:${n - 1}`,
	after: `radar:0:${n}`,
	unreadable,
});
const away = new Errors.MoleculerRetryableError("nobody is there", 503, "SERVICE_NOT_AVAILABLE");
const NEVER = new AbortController().signal;
/** Scripted answers in order: an error is thrown, null is never answered. */
function answers(...given: readonly (LivePage | Error | null)[]) {
	const asked: LiveAsked[] = [];
	const ask = async (question: LiveAsked): Promise<LivePage> => {
		const answer = given[asked.push(question) - 1];
		if (answer instanceof Error) throw answer;
		return answer ?? new Promise<LivePage>(() => undefined);
	};
	return { ask, asked };
}
async function afters(pages: AsyncIterable<LivePage>, most = Infinity): Promise<string[]> {
	const all: string[] = [];
	for await (const { after } of pages) if (all.push(after) >= most) break;
	return all;
}

describe("a watcher", () => {
	it("asks for the page after each page, first without waiting, then as long polls", async () => {
		const { ask, asked } = answers(page(1), page(2), page(3));
		expect(await afters(watching(ask, { after: "radar:0:0", types: ["radar.installed"] }, NEVER), 3)).toHaveLength(3);
		const types = ["radar.installed"];
		expect(asked).toEqual([
			{ after: "radar:0:0", types, wait: 0 },
			{ after: "radar:0:1", types, wait: 10_000 },
			{ after: "radar:0:2", types, wait: 10_000 },
		]);
	});
	it("gets a validation error at once", async () => {
		const { ask } = answers(new Errors.ValidationError("no position", "VALIDATION_ERROR", []));
		await expect(watching(ask, { after: "here" }, NEVER).next()).rejects.toMatchObject({ code: 422 });
	});
	it("retries its first request until a node answers", async () => {
		const { ask, asked } = answers(away, new Errors.RequestRejectedError({ action: "live", nodeID: "gone" }), page(1));
		expect(await afters(watching(ask, { after: "radar:0:0" }, NEVER), 1)).toEqual(["radar:0:1"]);
		expect(asked).toEqual(Array.from({ length: 3 }, () => ({ after: "radar:0:0", wait: 0 })));
	});
	it("gets an error if no node answers its first request in time", async () => {
		const { ask, asked } = answers(...Array.from({ length: 50 }, () => away));
		await expect(watching(ask, {}, NEVER, 200).next()).rejects.toBe(away);
		expect(asked.length).toBeGreaterThan(2);
	});
	it("ends without a page if it is aborted before an answer", async () => {
		const enough = new AbortController();
		const all = afters(watching(answers(null).ask, {}, enough.signal));
		enough.abort();
		expect(await all).toEqual([]);
	});
	it("repeats the same request while no node answers, and misses no page", async () => {
		const { ask, asked } = answers(page(1), away, new Errors.RequestTimeoutError({ action: "live", nodeID: "gone" }), page(2));
		expect(await afters(watching(ask, {}, NEVER), 2)).toEqual(["radar:0:1", "radar:0:2"]);
		expect(asked.slice(1).map(({ after }) => after)).toEqual(["radar:0:1", "radar:0:1", "radar:0:1"]);
	});
	it("gets an error if no node answers a later request in time", async () => {
		const { ask, asked } = answers(page(1), ...Array.from({ length: 50 }, () => away));
		await expect(afters(watching(ask, {}, NEVER, 200))).rejects.toBe(away);
		expect(asked.length).toBeGreaterThan(2);
	});
	it("gets a permanent failure at once", async () => {
		const bug = new TypeError("a bug");
		const { ask, asked } = answers(page(1), bug);
		await expect(afters(watching(ask, {}, NEVER))).rejects.toBe(bug);
		expect(asked).toHaveLength(2);
	});
	it("ends at an unreadable commit", async () => {
		const unreadable = { partition: "radar:0", position: 3, code: "STREAM_UNREADABLE", detail: "" };
		expect(await afters(watching(answers(page(1), page(2, unreadable), page(3)).ask, {}, NEVER))).toEqual(["radar:0:1", "radar:0:2"]);
	});
	it.each([
		["no answer has arrived", null],
		["no node is available", away],
	])("ends at once when it is aborted while %s", async (_while, answer) => {
		const enough = new AbortController();
		const all = afters(watching(answers(page(1), answer, ...Array.from({ length: 50 }, () => answer)).ask, {}, enough.signal));
		await turns();
		enough.abort();
		expect(await all).toEqual(["radar:0:1"]);
	});
});
