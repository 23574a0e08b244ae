/** A file that another process has locked without writing to it: writes fail in time and name the process, and the system recovers. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Holder } from "../../support/holder.ts";
import { es } from "../../support/operator.ts";
import { eventually, System } from "../../support/system.ts";
import { expectReplayed, expectUnavailable, expectUnready, furnish, LISTS, Load } from "./machine.ts";
import { answered, caughtUp, detect, expectProblem, infraction, person, seen } from "../scenery.ts";

let system: System;
let holder: Holder | undefined;
beforeEach(async () => {
	system = await System.start();
	await furnish(system);
});
afterEach(async () => {
	await holder?.kill();
	holder = undefined;
	await system.dispose();
});
const held = async (name: string): Promise<RegExp> => {
	holder = await Holder.of(join(system.dataDir, name));
	holder.stop();
	return new RegExp(`${name.replace(".", "\\.")}: locked by process ${holder.pid}, which is stopped, and nothing is written to it`);
};

describe("a log that a stopped process has locked", () => {
	it("fails commands in time with the reason, and recovers when it is free", async () => {
		const load = new Load(system);
		load.begin();
		await eventually(() => expect(load.with(201).length).toBeGreaterThan(20));
		const reason = await held("events.db");
		const owners = await Promise.all(Array.from({ length: 20 }, (_, n) => system.post("/owners", { id: `h-${n}`, ...person })));
		for (const answer of owners) expectUnavailable(answer, reason);
		await eventually(() => expect(load.with(503).length).toBeGreaterThan(20));
		await load.end();
		for (const id of load.with(503)) expectUnavailable(load.answers.get(id) ?? owners[0] ?? (await load.ask(id)), reason);
		expect([...new Set([...load.answers.values()].map(({ status }) => status))].sort()).toEqual([201, 503]);
		await expectUnready(system, "log radar", reason);
		await eventually(() => expect(system.output).toMatch(reason));
		for (const list of LISTS) answered(200, await system.get(list));
		const lines = (): number => system.output.split("\n").filter((line) => /radar:0 cannot be written/.test(line)).length;
		await load.ask("d-5000");
		expect(lines()).toBe(1);
		await holder?.release();
		await eventually(async () => answered(200, await system.get("/health/ready")));
		await load.askAgain();
		await load.expectTold();
		await expectReplayed(system);
	});

	it("can be inspected, and the system can stop and start", async () => {
		const reason = await held("events.db");
		expectUnavailable(await system.post("/owners", person), reason);
		for (const words of ["state radar m-radar", "lag", "verify"]) expect((await es(system.dataDir, words)).code).toBe(0);
		expect(await system.stop()).toBe(0);
		await system.up({}, "/health/live");
		await expectUnready(system, "log radar", reason);
		for (const list of LISTS) answered(200, await system.get(list));
		await holder?.kill();
		await eventually(async () => answered(200, await system.get("/health/ready")));
		answered(201, await system.post("/owners", person));
	});
});

describe("rows that a stopped process has locked", () => {
	it("fail reads of later commits, and nothing else, and name the process", async () => {
		const reason = await held("rows.db");
		const made = await detect(system, { id: "m-late", radar: "m-radar" });
		expectProblem(await system.get("/detections/m-late", seen(made)), 503, "READ_MODEL_LAGGING");
		await eventually(async () => expectUnready(system, "detections", reason), 30_000);
		for (const list of LISTS) answered(200, await system.get(list));
		expect((await es(system.dataDir, "lag")).stdout).toMatch(/^detections +radar:0 /m);
		await holder?.kill();
		await infraction(system, "m-late");
		await caughtUp(system);
		await expectReplayed(system);
	});
});

describe("a log that another process writes to continuously", () => {
	it("accepts commands in between", async () => {
		holder = await Holder.of(join(system.dataDir, "events.db"), true);
		const load = new Load(system);
		load.begin();
		await eventually(() => expect(load.with(201).length).toBeGreaterThan(100), 60_000);
		await load.end();
		expect([...new Set([...load.answers.values()].map(({ status }) => status))]).toEqual([201]);
	});
});
