/** Power cuts under load: acknowledged commands are kept, retried commands take effect once, and every counter is right. */
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Answer, type Row } from "../support/system.ts";
import { Dice } from "./random.ts";
import { answered, historyOf, noon, ownerOf, person, plate, radarInService, shifted } from "./scenery.ts";

let system: System;
const radars = ["c-r0", "c-r1", "c-r2", "c-r3"];
const owners = ["c-o0", "c-o1", "c-o2"];
const dice = new Dice(Number(process.env["CRASH_SEED"] ?? 20_240_601));

beforeAll(async () => {
	system = await System.start();
	for (const radar of radars) await radarInService(system, radar);
	for (const [n, owner] of owners.entries()) await ownerOf(system, owner, [plate(n)]);
});
afterAll(() => system.dispose());

/** A command that must take effect exactly once, however often it is sent. */
interface Task {
	readonly what: string;
	readonly ask: () => Promise<Answer>;
	answer?: Answer;
}
/** The detections that must exist at the end. */
const passages = new Map<string, Row>();
let anonymousPassages = 0;
let newOwners = 0;
const names = new Map(radars.map((radar) => [radar, [] as string[]]));

function passage(id: string): Row {
	const n = passages.size;
	const made = {
		id,
		radar: dice.pick(radars),
		plate: plate(n % 5),
		country: "FR",
		speedKmh: n % 3 === 0 ? 100 : 150,
		capturedAt: shifted(noon, n),
	};
	passages.set(id, made);
	return made;
}

const keyed = (what: string, path: string, body: unknown): Task => ({
	what,
	ask: () => system.post(path, body, { "idempotency-key": what }),
});

function bulk(what: string, size: number, streamed: boolean): Task {
	const lines = Array.from({ length: size }, (_, n) => passage(`${what}-${n}`));
	const trickle = async function* (): AsyncGenerator<string> {
		for (const [n, line] of lines.entries()) {
			if (n % 40 === 0) await pause(10);
			yield `${JSON.stringify(line)}\n`;
		}
	};
	const stream = (): Promise<Answer> =>
		system.send({
			method: "POST",
			path: "/detections",
			headers: { "content-type": "application/x-ndjson" },
			body: Readable.from(trickle()),
			timeoutMs: 60_000,
		});
	return { what, ask: streamed ? stream : () => system.ndjson(lines) };
}

function rename(what: string): Task {
	const radar = dice.pick(radars);
	names.get(radar)?.push(what);
	return keyed(what, `/radars/${radar}/describe`, { name: what });
}

function tasksOf(round: number): Task[] {
	const some = (count: number, make: (n: number) => Task): Task[] => Array.from({ length: count }, (_, n) => make(n));
	anonymousPassages += 40;
	newOwners += 80;
	return [
		...some(16, (n) => bulk(`bulk-${round}-${n}`, 120, n % 4 === 0)),
		...some(120, (n) => keyed(`one-${round}-${n}`, "/detections", passage(`one-${round}-${n}`))),
		...some(40, (n) =>
			keyed(`anon-${round}-${n}`, "/detections", { radar: "c-r0", plate: "ZZ-999-ZZ", country: "FR", speedKmh: 150, capturedAt: noon }),
		),
		...some(80, (n) => keyed(`owner-${round}-${n}`, "/owners", { ...person, name: `owner-${round}-${n}` })),
		...some(60, (n) => rename(`name-${round}-${n}`)),
	];
}

/** Sends the tasks on eight connections until all are answered or the system is down; unanswered tasks are sent again later. */
async function work(tasks: readonly Task[]): Promise<void> {
	const waiting = dice.shuffle(tasks);
	const side = async (): Promise<void> => {
		for (let task = waiting.pop(); task; task = waiting.pop()) {
			const answer = await task.ask().catch(() => undefined);
			if (!answer) return;
			if (answer.status < 500) task.answer = answer;
		}
	};
	await Promise.all(Array.from({ length: 8 }, side));
}

const idsOf = async (list: string): Promise<Set<unknown>> => new Set((await system.rows(list)).map(({ id }) => id));

/** Every acknowledged task has its effect, and gets the same response again. */
async function expectKept(tasks: readonly Task[]): Promise<void> {
	const done = tasks.filter(({ answer }) => answer);
	for (const { what, answer } of done) expect([what, answer && answer.status <= 201 ? "done" : answer?.text]).toEqual([what, "done"]);
	const passed = done.filter(({ what }) => /^(one|anon)/.test(what)).map(({ answer }) => answer?.body.id);
	const inBulk = [...passages.keys()].filter((id) => done.some(({ what }) => what.startsWith("bulk") && id.startsWith(`${what}-`)));
	const registered = done.filter(({ what }) => what.startsWith("owner")).map(({ answer }) => answer?.body.id);
	await eventually(async () => {
		const [detections, people] = await Promise.all([idsOf("/detections"), idsOf("/owners")]);
		expect([...passed, ...inBulk].filter((id) => !detections.has(id))).toEqual([]);
		expect(registered.filter((id) => !people.has(id))).toEqual([]);
	});
	const some = dice.shuffle(done.filter(({ what }) => !what.startsWith("bulk"))).slice(0, 25);
	for (const { what, ask, answer } of some) {
		const again = await ask();
		expect([what, again.status, again.body, again.headers["idempotent-replayed"]]).toEqual([what, answer?.status, answer?.body, "true"]);
	}
}

describe("a system that is killed under load", () => {
	const tasks: Task[] = [];

	it.each([1, 2, 3, 4, 5, 6])("keeps every acknowledged command, round %i", async (round) => {
		tasks.push(...tasksOf(round));
		const working = work(tasks.filter(({ answer }) => !answer));
		await pause(dice.int(50, 900));
		await system.kill();
		await working;
		await system.up();
		if (round % 2 === 0) {
			// a power cut during recovery from the last one
			await system.kill();
			await system.up();
		}
		await expectKept(tasks);
	});

	it("has executed everything once after all tasks are sent again", async () => {
		await work(tasks.filter(({ answer }) => !answer));
		expect(tasks.filter(({ answer }) => !answer).map(({ what }) => what)).toEqual([]);
		await expectKept(tasks);
		for (const [radar, told] of names) {
			const history = await historyOf(system, `/radars/${radar}`);
			const given = history.flatMap((commit) => JSON.stringify(commit).match(/name-\d+-\d+(?=")/) ?? []);
			expect([...given].sort()).toEqual([...told].sort());
			const wanted = { name: given.at(-1), version: history.length };
			await eventually(async () => expect((await system.get(`/radars/${radar}`)).body).toMatchObject(wanted), 5_000);
		}
	});

	it("ends with exactly the expected cases, detections, owners and counters", async () => {
		const fast = [...passages.values()].filter(({ speedKmh }) => speedKmh === 150);
		const isAnonymous = ({ plate: read }: Row): boolean => read === "ZZ-999-ZZ";
		await eventually(async () => {
			const cases = await system.rows("/infractions");
			expect(cases.length).toBe(fast.length + anonymousPassages);
			const holder = (read: unknown): string | null => owners.find((_, n) => plate(n) === read) ?? null;
			const inShort = (rows: Row[]): string[] => rows.map(({ id, plate: read, holder: who }) => `${id} ${read} ${who}`).sort();
			expect(inShort(cases.filter((row) => !isAnonymous(row)))).toEqual(
				inShort(fast.map((row) => ({ ...row, holder: holder(row["plate"]) }))),
			);
		});
		const detections = await system.rows("/detections");
		expect(
			detections
				.filter((row) => !isAnonymous(row))
				.map(({ id }) => String(id))
				.sort(),
		).toEqual([...passages.keys()].sort());
		expect(detections.filter(isAnonymous)).toHaveLength(anonymousPassages);
		expect(answered(200, await system.get("/owners")).body.total).toBe(owners.length + newOwners);
		for (const radar of radars) {
			const all = [...passages.values()]
				.filter((row) => row["radar"] === radar)
				.concat(radar === "c-r0" ? detections.filter(isAnonymous) : []);
			const wanted = { detections: all.length, qualified: all.filter(({ speedKmh }) => speedKmh === 150).length };
			await eventually(async () => expect([radar, (await system.get(`/radars/${radar}`)).body]).toMatchObject([radar, wanted]), 5_000);
		}
	});

	it("has the same rows after a regular stop", async () => {
		const lists = ["/radars", "/detections", "/owners", "/vehicles", "/infractions"];
		const before = await Promise.all(lists.map((list) => system.rows(list)));
		expect(await system.stop()).toBe(0);
		await system.up();
		expect(await Promise.all(lists.map((list) => system.rows(list)))).toEqual(before);
	});
});
