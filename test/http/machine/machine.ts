/** Machine - shared by the tests of machine faults: initial data, a load on the system, and checks of the result. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { eventually, type Answer, type Row, type System } from "../../support/system.ts";
import { answered, caughtUp, expectProblem, noon, ownerOf, plate, radarInService } from "../scenery.ts";

export const LISTS = ["/radars", "/detections", "/owners", "/vehicles", "/infractions"];

/** A radar in service and an owner with a vehicle. */
export async function furnish(system: System): Promise<void> {
	await radarInService(system, "m-radar");
	await ownerOf(system, "m-owner", [plate(0)]);
	await caughtUp(system);
}

/** Posts passages on eight connections, and keeps the last answer by id; every second passage is an infraction. */
export class Load {
	readonly answers = new Map<string, Answer>();
	readonly #system: System;
	#n = 0;
	#stopped = false;
	#sides: Promise<unknown> = Promise.resolve();

	constructor(system: System) {
		this.#system = system;
	}
	begin(): void {
		this.#stopped = false;
		this.#sides = Promise.all(Array.from({ length: 8 }, () => this.#side()));
	}
	async #side(): Promise<void> {
		while (!this.#stopped) await this.ask(`d-${this.#n++}`);
	}
	async ask(id: string): Promise<Answer> {
		const n = Number(id.slice(2));
		const passage = { id, radar: "m-radar", plate: plate(n % 3), country: "FR", speedKmh: n % 2 ? 150 : 100, capturedAt: noon };
		const answer = await this.#system.post("/detections", passage);
		this.answers.set(id, answer);
		return answer;
	}
	async end(): Promise<void> {
		this.#stopped = true;
		await this.#sides;
	}
	with(...statuses: readonly number[]): string[] {
		return [...this.answers].flatMap(([id, { status }]) => (statuses.includes(status) ? [id] : []));
	}
	/** Sends the passages that were not acknowledged again, and expects success. */
	async askAgain(): Promise<void> {
		for (const id of this.with(503)) await this.ask(id);
		expect(this.with(503)).toEqual([]);
	}
	/** Expects each passage and each infraction once, and correct counters. */
	async expectTold(): Promise<void> {
		await caughtUp(this.#system);
		const all = [...this.answers.keys()].sort();
		const told = async (list: string): Promise<string[]> =>
			(await this.#system.rows(list))
				.map(({ id }) => String(id))
				.filter((id) => id.startsWith("d-"))
				.sort();
		expect(await told("/detections")).toEqual(all);
		const fast = all.filter((id) => Number(id.slice(2)) % 2 === 1);
		await eventually(async () => expect(await told("/infractions")).toEqual(fast));
		const counters = { detections: all.length, qualified: fast.length };
		await eventually(async () => expect((await this.#system.get("/radars/m-radar")).body).toMatchObject(counters));
	}
}

export const rowsOf = (system: System): Promise<Row[][]> => Promise.all(LISTS.map((list) => system.rows(list)));

export async function removeRows(system: System): Promise<void> {
	for (const end of ["", "-wal", "-shm"]) await rm(join(system.dataDir, `rows.db${end}`), { force: true });
}

/** Rebuilds the rows from the log, and expects the same rows. */
export async function expectReplayed(system: System): Promise<void> {
	const before = await rowsOf(system);
	expect(await system.stop()).toBe(0);
	await removeRows(system);
	await system.up();
	await eventually(async () => expect(await rowsOf(system)).toEqual(before));
}

/** Expects a temporary error with the reason. */
export function expectUnavailable(answer: Answer, reason: RegExp): void {
	expectProblem(answer, 503, "STORE_UNAVAILABLE");
	expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
	expect(answer.body["detail"]).toMatch(reason);
}

/** Waits until the health report names the part and the reason. */
export async function expectUnready(system: System, part: string, reason: RegExp): Promise<void> {
	await eventually(async () => {
		const { body } = answered(503, await system.get("/health/ready"));
		expect(body["parts"]).toContainEqual(expect.objectContaining({ name: part, ready: false, reason: expect.stringMatching(reason) }));
	});
}

/** The reasons for a file that cannot grow and for a full disk. */
export const FULL = /(events|keys)\.db: (database or disk is full|disk I\/O error)/;

/** Expects that commands fail with the reason, and that reads work. */
export async function expectFull(system: System, load: Load): Promise<void> {
	await eventually(() => expect(load.with(503).length).toBeGreaterThan(20));
	await load.end();
	let n = 1_000_000;
	await eventually(async () => expectUnavailable(await load.ask(`d-${n++}`), FULL)); // the remaining space may be enough for one command, but not for eight
	await eventually(async () => expectUnavailable(await system.post("/radars/m-radar/describe", { name: `full-${n++}` }), FULL));
	await expectUnready(system, "log radar", FULL);
	await eventually(() => expect(system.output).toMatch(/radar:0 cannot be written: events\.db: /));
	for (const list of LISTS) answered(200, await system.get(list));
	for (const path of ["/radars/m-radar", "/radars/m-radar/history", "/radars?status=active", "/health/live", "/metrics"])
		answered(200, await system.get(path));
	expect([...new Set([...load.answers.values()].map(({ status }) => status))].sort()).toEqual([201, 503]);
}
/** Expects that the system recovers, and that every acknowledged passage exists once. */
export async function expectWhole(system: System, load: Load): Promise<void> {
	await eventually(async () => answered(200, await system.get("/health/ready")));
	await eventually(() => expect(system.output).toMatch(/It is over: radar:0 cannot be written/));
	await load.askAgain();
	await load.expectTold();
	await expectReplayed(system);
}

/** Expects that the start fails with one line that has the reason. */
export async function expectRefused(system: System, reason: RegExp): Promise<void> {
	const { code, output } = await system.ending();
	expect([code, output]).toEqual([1, expect.stringMatching(reason)]);
	expect(output.trimEnd().split("\n")).toHaveLength(1);
}
