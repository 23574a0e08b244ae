/**
 * A wall clock that jumps: timeouts keep their length, ids stay unique, facts keep their order, and rows that depend on the time of day
 * follow the clock in both directions.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually, System, type Answer } from "../../support/system.ts";
import { expectReplayed, furnish, Load } from "./machine.ts";
import { ahead, answered, commits, expectProblem, person, radarInService, seen, site } from "../scenery.ts";

const HOUR = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), "vigie-clock-"));
const file = join(folder, "offset");
const preload = fileURLToPath(new URL("../../support/shifted-clock.ts", import.meta.url).href);

let system: System;
/** Sets the system's clock ahead of this machine's by so many milliseconds, and waits until it has an effect. */
async function jump(offset: number): Promise<void> {
	writeFileSync(file, String(offset));
	await eventually(async () => {
		const made = answered(201, await system.post("/owners", person));
		const [commit] = commits(await system.get(`/owners/${made.body.id}/history`));
		expect(Math.abs(Date.parse(String(commit?.["at"])) - Date.now() - offset)).toBeLessThan(60_000);
	});
}

beforeEach(async () => {
	writeFileSync(file, "0");
	system = await System.start({ NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${preload}`, CLOCK_FILE: file });
});
afterEach(() => system.dispose());
afterAll(() => rmSync(folder, { recursive: true }));

/** Locks the log until the returned function is called. */
function held(): () => void {
	const db = new DatabaseSync(join(system.dataDir, "events.db"));
	db.exec("BEGIN IMMEDIATE");
	return () => {
		db.exec("ROLLBACK");
		db.close();
	};
}
/** Sends two commands to one actor: the first waits for the disk, the second for the first. */
function two(): Promise<Answer[]> {
	return Promise.all(["first", "second"].map((name) => system.post("/owners/k-owner/correct", { name })));
}

describe("a clock that jumps an hour", () => {
	it.each([
		["ahead", HOUR],
		["back", -HOUR],
	])("%s does not fail a command that is in time", async (_where, offset) => {
		answered(201, await system.post("/owners", { id: "k-owner", ...person }));
		const release = held();
		const answers = two();
		await eventually(async () =>
			expect((await system.get("/metrics")).text).toMatch(/vigie_log_waiting[^\n]* [1-9]|vigie_http_requests_in_flight[^\n]* 3/),
		);
		writeFileSync(file, String(offset));
		await eventually(async () => answered(200, await system.get("/owners/k-owner")), 1000);
		release();
		for (const answer of await answers) answered(200, answer);
	});

	it("back lets no command be decided after its caller has given up", async () => {
		answered(201, await system.post("/owners", { id: "k-owner", ...person }));
		const release = held();
		const answers = two();
		await eventually(async () => expect((await system.get("/metrics")).text).toMatch(/in_flight[^\n]* 3/));
		writeFileSync(file, String(-HOUR));
		for (const answer of await answers) expectProblem(answer, 503);
		release();
		await jump(-HOUR);
		const names = JSON.stringify(commits(await system.get("/owners/k-owner/history"))).match(/first|second/g) ?? [];
		expect(names).not.toContain("second");
	});

	it("back and ahead under load loses nothing, duplicates nothing and causes no lag", async () => {
		await furnish(system);
		const feed = await system.live("?types=detection.recorded");
		const load = new Load(system);
		const owners: string[] = [];
		load.begin();
		for (const offset of [-HOUR, HOUR, 0]) {
			const before = load.with(201).length;
			await eventually(() => expect(load.with(201).length).toBeGreaterThan(before + 50));
			await jump(offset);
			for (let n = 0; n < 20; n++) owners.push(answered(201, await system.post("/owners", person)).body.id);
			const made = answered(201, await load.ask(`d-${2_000_000 + offset / HOUR}`));
			answered(200, await system.get(`/detections/${made.body.id}`, seen(made)));
		}
		await load.end();
		expect(new Set(owners).size).toBe(owners.length);
		expect([...new Set([...load.answers.values()].map(({ status }) => status))]).toEqual([201]);
		await load.expectTold();
		const told = () => feed.events.map(({ data }) => String((JSON.parse(data) as { id: unknown }).id)).filter((id) => id.startsWith("d-"));
		await eventually(() => expect(told().length).toBe(load.answers.size));
		expect(told().sort()).toEqual([...load.answers.keys()].sort());
		const { body } = answered(200, await system.get("/health/ready"));
		expect(body["status"]).toBe("ready");
		const lags = (await system.get("/metrics")).text.match(/^vigie_follower_lag_seconds\{[^}]*\} .+$/gm) ?? [];
		expect(lags.length).toBeGreaterThan(5);
		expect(lags.filter((lag) => !(Number(lag.split(" ").at(-1)) < 60 && !lag.includes(" -")))).toEqual([]);
		await expectReplayed(system);
	});

	it("ahead activates a radar that starts within that hour, and back deactivates it, also after a restart", async () => {
		const from = ahead(HOUR / 2);
		answered(201, await system.post("/radars", { id: "k-radar", ...site }));
		answered(200, await system.post("/radars/k-radar/activate", { from }));
		await radarInService(system, "k-other");
		const active = async (): Promise<unknown[]> => (await system.rows("/radars?status=active")).map(({ id }) => id);
		const installed = async (): Promise<unknown[]> => (await system.rows("/radars?status=installed")).map(({ id }) => id);
		const expectBegun = async (): Promise<void> => {
			expect(answered(200, await system.get("/radars/k-radar")).body["status"]).toBe("active");
			await eventually(async () => expect([await active(), await installed()]).toEqual([["k-other", "k-radar"], []]));
		};
		const expectNotBegun = async (): Promise<void> => {
			expect(answered(200, await system.get("/radars/k-radar")).body["status"]).toBe("installed");
			await eventually(async () => expect([await active(), await installed()]).toEqual([["k-other"], ["k-radar"]]));
		};
		await expectNotBegun();
		await jump(HOUR);
		await expectBegun();
		await jump(0);
		await expectNotBegun();
		await jump(HOUR);
		answered(200, await system.post("/radars/k-radar/describe", { name: "told while the clock is ahead" }));
		await expectBegun();
		await system.stop();
		writeFileSync(file, "0");
		await system.up();
		await expectNotBegun();
	});
});
