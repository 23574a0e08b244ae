/**
 * Fuzz: no request of at most 16 MiB, on any route, with any content, blocks the event loop for more than 100 ms, or gets more than one
 * mebibyte of errors, an unexpected 5xx, a stack trace, or a code that is not in the catalog.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AUTHORIZATION, type Answer, type Call, System } from "../../support/system.ts";
import { type Door, doors, largest, small, uploads } from "./fuzzed.ts";
import { Dice } from "../random.ts";
import { answered, ownerOf, radarInService } from "../scenery.ts";

/** CPU time, in milliseconds. It doubles where two busy threads share a core. */
const HELD = 200;
const MEBIBYTE = 1024 * 1024;
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_130);
const catalogue = new Set(
	[...readFileSync(new URL("../../../docs/reference/refusals.md", import.meta.url), "utf8").matchAll(/<\/a>`([A-Z0-9_]+)`/g)].map(
		([, code]) => code,
	),
);
const folder = mkdtempSync(join(tmpdir(), "vigie-fuzz-"));
const monitor = join(folder, "held");

let system: System;
let all: readonly Door[];
beforeAll(async () => {
	writeFileSync(monitor, "");
	const preload = fileURLToPath(new URL("../../support/loop-monitor.ts", import.meta.url).href);
	system = await System.start({ NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import ${preload}`, LOOP_MONITOR: monitor });
	all = await doors();
	await radarInService(system, "f-1");
	await ownerOf(system, "f-1", ["AB-100-CD"]);
	answered(200, await system.get("/health/ready"));
	held(); // the start does not count
});
afterAll(async () => {
	await system.dispose();
	rmSync(folder, { recursive: true });
});

/** The longest blocks of the event loop since the last call, in milliseconds of CPU. */
function held(): number[] {
	const found = readFileSync(monitor, "utf8").split("\n").filter(Boolean).map(Number);
	writeFileSync(monitor, "");
	return found.toSorted((a, b) => b - a);
}
/** The fault of a response, or null. */
function wrong(call: Call, answer: Answer | string): string | null {
	const sent = `${call.method} ${call.path.slice(0, 80)} ${JSON.stringify(call.headers ?? {}).slice(0, 120)} ${String(call.body ?? "").slice(0, 120)}`;
	if (typeof answer === "string") return `${sent} -> ${answer}`;
	const { status, headers, text, body } = answer;
	const shown = `${sent} -> ${status} ${text.slice(0, 300)}`;
	if (status >= 500 && status !== 503) return shown;
	if (/\bat .{1,200}\.[jt]s:\d+/.test(text)) return `a stack: ${shown}`;
	if (Buffer.byteLength(text) > MEBIBYTE) return `${Buffer.byteLength(text)} bytes: ${shown}`;
	if (status < 400 || call.method === "HEAD") return null;
	if (!/^application\/problem\+json/.test(headers["content-type"] ?? "") || !catalogue.has(body.code))
		return `no problem we know: ${shown}`;
	return null;
}
async function expectHarmless(calls: readonly Call[]): Promise<void> {
	const faults: string[] = [];
	for (const call of calls) {
		const again = () => system.send(call); // the server may have closed an idle connection
		const fault = wrong(call, await system.send(call).catch(again).catch(String));
		if (fault !== null) faults.push(fault);
		const [longest = 0] = held();
		if (longest > HELD) faults.push(`held for ${longest} ms: ${wrong(call, "answered")}`);
		if (faults.length > 5) break;
	}
	expect(faults).toEqual([]);
}

describe("any request", () => {
	const dice = new Dice(SEED);
	it("knows every route", () => expect(all.length).toBeGreaterThan(30));
	it("of a few kilobytes is harmless", () => expectHarmless(small(dice, all, 2_500)), 240_000);
	it("of the maximum size of a command is harmless", () => expectHarmless(largest(dice, all)), 240_000);
	it.each(uploads)("of the maximum size of an upload is harmless: %s, as %s", async (_what, type, make) => {
		const door = all.find(({ types }) => types.includes(type));
		if (!door) throw new Error(`nothing takes ${type}`);
		await expectHarmless([
			{ method: "POST", path: door.path, headers: { "content-type": type }, body: make(dice, door), timeoutMs: 110_000 },
		]);
	});
	it("for a live feed is harmless", async () => {
		const ids = ["", "x", ",", "radar:0:0", "radar:0:99999999999999", "radar:0:1.2,".repeat(900), "x:0:1,".repeat(1_500), "radar:0:-1"];
		for (const id of ids)
			for (const query of ["", "?types=radar.installed", `?types=${"radar.installed,".repeat(800)}radar.installed`, "?types=x"]) {
				const feed = await system.live(query, { "last-event-id": id });
				feed.close();
				expect([200, 422, 431]).toContain(feed.status);
			}
		expect(held().filter((one) => one > HELD)).toEqual([]);
	});
	it("pipelined with thousands of others is harmless", async () => {
		for (const request of ["GET /api/health/live", "GET /", "POST /api/radars", "OPTIONS *", "GET /api/live?types=x"])
			expect(await system.raw(`${request} HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}\r\n`.repeat(20_000), 20_000)).toMatch(
				/^(HTTP\/1\.1 [2-5]|$)/,
			);
		expect(held().filter((one) => one > HELD)).toEqual([]);
	});
	it("leaves the system working", async () => {
		await radarInService(system, "f-after");
		answered(200, await system.get("/health/ready"));
		expect(system.output).not.toMatch(/ERROR/);
	});
});
