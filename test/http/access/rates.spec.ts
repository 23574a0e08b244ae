/** Rates: one client behind a proxy cannot use up the gateway for the others. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { OutgoingHttpHeaders } from "node:http";
import { settingsOf } from "../../../node/settings.ts";
import { Folder } from "../../support/folder.ts";
import { type Answer, eventually, System } from "../../support/system.ts";
import { answered, expectProblem, person } from "../scenery.ts";

/** With one request a second, ten are a burst. */
const BURST = 10;
const MANY = 10 * BURST;
/** With 200 open files, a gateway has 72 connections, 36 of them for live feeds. */
const FEW_FILES = ["sh", "-c", 'ulimit -n 200; exec "$@"', "sh"];
const CLIENT_FEEDS = 9;
const MEBIBYTE = 1024 * 1024;
let system: System;
beforeAll(async () => {
	system = await System.start({ BEHIND_PROXY: "on", RATE_REQUESTS: "1", RATE_CONTENT: "1" }, { command: FEW_FILES });
});
afterAll(() => system.dispose());

const as = (address: string) => ({ "x-forwarded-for": `198.51.100.1, ${address}` });
const reached = async (limit: string): Promise<number> => {
	const { text } = answered(200, await system.get("/metrics"));
	return Number(new RegExp(`^vigie_http_limits_total\\{limit="${limit}"\\} (\\d+)$`, "m").exec(text)?.[1]);
};
/** Sends more requests than a burst at once; resolves to the answers that are no refusals of this limit, and the others. */
async function sent(headers: (n: number) => OutgoingHttpHeaders): Promise<{ readonly served: Answer[]; readonly refused: Answer[] }> {
	const answers = await Promise.all(Array.from({ length: MANY }, (_, n) => system.post("/owners", person, headers(n))));
	return { served: answers.filter(({ status }) => status !== 429), refused: answers.filter(({ status }) => status === 429) };
}
const owners = async (): Promise<number> => Number(answered(200, await system.get("/owners")).body.total);

describe("a client that sends too many requests", () => {
	it("is refused before anything is executed, and learns when to send the next one", async () => {
		const before = await owners();
		const { served, refused } = await sent(() => as("192.0.2.1"));
		expect(served.length).toBeGreaterThanOrEqual(BURST);
		for (const one of served) answered(201, one);
		for (const one of refused) expectProblem(one, 429, "TOO_MANY_REQUESTS");
		expect(new Set(refused.map(({ headers }) => headers["retry-after"]))).toEqual(new Set(["1"]));
		await eventually(async () => expect(await owners()).toBe(before + served.length));
		expect(await reached("requests")).toBe(refused.length);
		expect(system.output).toContain("A client sends more requests than RATE_REQUESTS allows, so further ones are refused: 192.0.2.1");
	});
	it("does not affect others", async () => {
		expect((await sent(() => as("192.0.2.3"))).refused.length).toBeGreaterThan(0);
		answered(200, await system.get("/radars", as("192.0.2.4")));
	});
	it("cannot choose another address of its network", async () => {
		expect((await sent((n) => as(`2001:db8:1:2::${n.toString(16)}`))).refused.length).toBeGreaterThan(0);
		answered(200, await system.get("/radars", as("2001:db8:1:3::1")));
	});
	it("is not limited if the proxy does not name it, or if it is on the same machine", async () => {
		expect((await sent(() => ({}))).refused).toEqual([]);
		expect((await sent(() => as("127.0.0.1"))).refused).toEqual([]);
	});
});

describe("a client with many live feeds", () => {
	it("has no more than a quarter of all of them, and others have theirs", async () => {
		const feeds = await Promise.all(Array.from({ length: CLIENT_FEEDS }, (_, n) => system.live("", as(`2001:db8:2:2::${n}`))));
		expect(feeds.map(({ status }) => status)).toEqual(feeds.map(() => 200));
		const refused = await system.get("/live", as("2001:db8:2:2::a"));
		expectProblem(refused, 429, "TOO_MANY_REQUESTS");
		expect(refused.body["detail"]).toBe(`One client may have ${CLIENT_FEEDS} live feeds`);
		feeds.push(await system.live("", as("2001:db8:2:3::a")));
		for (const feed of feeds) feed.close();
	});
});

describe("a client that sends too much content", () => {
	it("is read more slowly, and nothing of it is lost", async () => {
		const line = `${JSON.stringify({ id: "r-1", radar: "nobody", plate: "x".repeat(1000) })}\n`;
		const lines = Math.ceil((12 * MEBIBYTE) / line.length);
		const begun = performance.now();
		const { body } = answered(
			200,
			await system.send({
				method: "POST",
				path: "/detections",
				headers: { "content-type": "application/x-ndjson", ...as("192.0.2.5") },
				body: line.repeat(lines),
				timeoutMs: 60_000,
			}),
		);
		expect(body).toMatchObject({ received: lines, refused: lines });
		expect(performance.now() - begun).toBeGreaterThan(1900); // ten of twelve MiB may come at once
		expect(await reached("content")).toBeGreaterThan(0);
	});
	it("does not delay others", async () => {
		const csv = { method: "POST", path: "/radars/import", body: "x".repeat(9 * MEBIBYTE) };
		const headers = { "content-type": "text/csv", ...as("192.0.2.6") };
		await system.send({ ...csv, headers });
		const waiting = system.send({ ...csv, headers, timeoutMs: 60_000 }).then(() => "the first");
		const other = system.post("/owners", {}, as("192.0.2.7")).then(() => "the other");
		expect(await Promise.race([waiting, other])).toBe("the other");
		await waiting;
	});
});

describe("RATE_REQUESTS and RATE_CONTENT", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());
	const settings = (env: Record<string, string>) => settingsOf({ DATA_DIR: folder.path, PORT: "0", ...env });

	it("are generous unless set", async () => {
		expect(await settings({})).toMatchObject({ rates: { requests: 300, content: 16 } });
		expect(await settings({ RATE_REQUESTS: "0", RATE_CONTENT: "0" })).toMatchObject({ rates: { requests: 0, content: 0 } });
	});
	it.each(["RATE_REQUESTS", "RATE_CONTENT"])("have to be whole numbers: %s", async (name) => {
		for (const value of ["-1", "1.5", "many"]) await expect(settings({ [name]: value })).rejects.toThrow(`${name} is "${value}"`);
	});
});
