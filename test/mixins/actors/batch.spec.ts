/**
 * Batch - every command and every ask of every aggregate has the same outcome alone and among many. Random lives run in two systems: one gets
 * each command in a call of its own, the other gets consecutive commands of one kind in one call.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { callsOf } from "../../support/access.ts";
import { clockOf } from "../../../mixins/common/clock.ts";
import type { Done } from "../../../mixins/actors/envelope.ts";
import type { Item, Outcome } from "../../../mixins/actors/outcome.ts";
import { creates, openShape, type Rule } from "../../../model/index.ts";
import { type Running, start } from "../../../node/start.ts";
import { modelOf, models } from "../../grammar/everything.ts";
import { anyLife, type Ordered, START } from "../../grammar/lives.ts";
import { paramsOf } from "../../grammar/valid.ts";
import { later } from "../../grammar/words.ts";
import { Folder } from "../../support/folder.ts";

type Params = Record<string, unknown>;
/** One command of the story; `now` is the same in both systems. */
interface Sent extends Pick<Ordered, "service" | "name"> {
	readonly item: Item;
	readonly now: string;
}
interface Asked {
	readonly params: object;
	readonly meta?: object;
}

/** Milliseconds between two commands: the story takes some weeks, so its captures are in the past. */
const MINUTES = 20 * 60 * 1000;

const folders = [new Folder(), new Folder()] as const;
let [alone, among]: Running[] = [];
const running = (folder: Folder) =>
	start({
		DATA_DIR: folder.path,
		SERVICES: "radar-commands,registration-commands,infraction-commands,operations-commands,identity-commands,infractions", // no process sends commands of its own
		CLOCK: `manual:${START}`,
		LOG_LEVEL: "fatal",
	});
const call = <T>(system: Running | undefined, action: string, { params, meta = {} }: Asked): Promise<T> => {
	if (!system) throw new Error("The system has not started");
	return callsOf(system.broker)(action, params, { meta });
};

const setClock = (system: Running | undefined, now: string): void => {
	if (system) clockOf(system.broker).synchronize(now);
};

/** The part of an outcome that both ways share. Positions depend on which commands share a flush, and a made secret is a new one each time. */
const comparable = ({ position: _position, answer, ...done }: Done) => ({
	done: { ...done, answer: "secret" in answer ? { ...answer, secret: "made" } : answer },
});
const thrown = ({ message, code, type, data }: Error & { code?: unknown; type?: unknown; data?: unknown }) => ({
	refusal: { status: code, code: type, detail: message, ...(data === undefined || data === null ? {} : { errors: data }) },
});
const copy = <T>(value: T): T => structuredClone(value); // the check normalizes params in place

async function one({ service, name, item, now }: Sent): Promise<unknown> {
	const { params, ...own } = copy(item);
	setClock(alone, now);
	return call<Done>(alone, `${service}.${name}`, { params, meta: own }).then(comparable, thrown);
}
async function many(sent: readonly Sent[]): Promise<unknown[]> {
	const [{ service, name, now }] = sent as readonly [Sent]; // no group is empty
	const items = sent.map(({ item }) => copy(item));
	setClock(among, now);
	const outcomes = await call<Outcome[]>(among, `${service}.${name}Many`, { params: { items } });
	return outcomes.map((outcome) => ("done" in outcome ? comparable(outcome.done) : outcome));
}

/** Content that the rules refuse: a stranger, and each field missing, null, and of another type. A creation alone makes a missing id. */
function spoilt(params: Params, isCreation: boolean): Params[] {
	const names = Object.keys(params);
	const without = names.filter((name) => !isCreation || name !== "id");
	return [
		{ ...params, stranger: 1, "strange, too": 2 },
		...without.map((name) => Object.fromEntries(Object.entries(params).filter(([other]) => other !== name))),
		...names.flatMap((name) => [null, { a: 1 }, ["b"], "\u0000", 1e9].map((value) => ({ ...params, [name]: value }))),
	];
}

/** The fields that the service makes itself. */
const secretsMadeFor = ({ service, name }: Pick<Ordered, "service" | "name">): string[] => {
	const shape = modelOf(service).commands[name]?.shape ?? {};
	return Object.keys(shape).filter((field) => shape[field]?.secret === "made");
};

/** The commands of random lives; some are repeated with the same id, some name a version, and each kind is also sent with bad content. */
function story(): Sent[] {
	let n = 0;
	const sent: Sent[] = [];
	const add = ({ service, name }: Pick<Ordered, "service" | "name">, item: Item) =>
		sent.push({ service, name, item: { commandId: `c-${++n}`, ...item }, now: later(START, sent.length * MINUTES) });
	const spoiled = new Set<string>();
	for (const [life, orders] of fc.sample(anyLife, { numRuns: 24, seed: 7 }).entries())
		for (const order of orders) {
			const made = secretsMadeFor(order);
			const params: Params = Object.fromEntries(Object.entries(order.params).filter(([field]) => !made.includes(field)));
			add(order, { params, digest: `of ${n}` });
			if (n % 3 === 0) add(order, { params, commandId: `c-${n}`, digest: n % 2 === 0 ? `of ${n - 1}` : "other content" });
			if (n % 4 === 0) add(order, { params, ifMatch: [1, "*", [1, 2], 99, []][n % 5] as NonNullable<Item["ifMatch"]> }); // all in range
			const kind = `${order.service}.${order.name}`;
			if (life < 4 || spoiled.has(kind)) continue;
			spoiled.add(kind);
			const { commands } = modelOf(order.service);
			const definition = commands[order.name];
			for (const bad of spoilt(params, definition !== undefined && creates(definition))) add(order, { params: bad });
		}
	return sent;
}

/** Consecutive commands of one kind. */
function grouped(sent: readonly Sent[]): Sent[][] {
	const groups: Sent[][] = [];
	for (const one of sent) {
		const last = groups.at(-1);
		if (last?.[0]?.service === one.service && last[0].name === one.name) last.push({ ...one, now: last[0].now });
		else groups.push([one]);
	}
	return groups;
}

const groups = grouped(story().toSorted((a, b) => (a.now < b.now ? -1 : 1)));
const outcomes: { readonly kind: string; readonly one: unknown; readonly many: unknown }[] = [];
beforeAll(async () => {
	[alone, among] = [await running(folders[0]), await running(folders[1])];
	for (const group of groups) {
		const lone: unknown[] = [];
		for (const sent of group) lone.push(await one(sent));
		const together = await many(group);
		group.forEach(({ service, name }, i) => outcomes.push({ kind: `${service}.${name}`, one: lone[i], many: together[i] }));
	}
});
afterAll(async () => {
	await Promise.all([alone?.stop(), among?.stop()]);
	for (const folder of folders) folder.remove();
});

const commands = models.flatMap(({ name: service, commands: laws }) => Object.keys(laws).map((name) => `${service}.${name}`));
const asks = models.flatMap((model) =>
	Object.entries(model.asks).map(([name, definition]) => [`${model.name}.${name}`, definition] as const),
);

describe("every command", () => {
	it.each(commands)("%s has the same outcome alone and among many", (kind) => {
		const of = outcomes.filter((outcome) => outcome.kind === kind);
		expect(of.map((outcome) => outcome.many)).toEqual(of.map((outcome) => outcome.one));
		const codes = of.map((outcome) => (outcome.one as { refusal?: { code: string } }).refusal?.code ?? "done"); // of `comparable` or `thrown`
		expect(codes).toContain("done");
		expect(codes).toContain("VALIDATION_ERROR");
	});
	it("was repeated, refused by the law, and by the version, in the compared cases", () => {
		const text = JSON.stringify(outcomes.map((outcome) => outcome.many));
		for (const said of ['"replayed":true', '"written":false', "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED", "_UNKNOWN"])
			expect(text).toContain(said);
		expect(outcomes.some(({ many: outcome }) => JSON.stringify(outcome) === '{"failure"')).toBe(false);
	});
});

describe("every ask", () => {
	it.each(asks)("%s has the same answer alone and among many", async (kind, { shape }) => {
		const known = fc.sample(paramsOf(shape), { numRuns: 40, seed: 3 }) as Params[]; // plain objects
		const valid = [...known, { ...known[0], id: "z".repeat(43) }];
		const cases = [...valid, ...spoilt(valid[0] ?? {}, false), { id: "." }];
		const lone: unknown[] = [];
		for (const params of cases) lone.push(await call(among, kind, { params: copy(params) }).then((done) => ({ done }), thrown));
		expect(await call(among, `${kind}Many`, { params: { items: copy(cases) } })).toEqual(lone);
		const text = JSON.stringify(lone);
		for (const said of ['"done"', "_UNKNOWN", "VALIDATION_ERROR"]) expect(text).toContain(said);
	});
});

describe("an item", () => {
	const owner = (id: unknown): Params => ({ id, kind: "person", name: "Jeanne Martin", birthDate: "1984-02-29", email: "j@example.org" });
	const register = (items: readonly unknown[], meta: object = {}) =>
		call<Outcome[]>(among, "owner.registerMany", { params: { items }, meta });
	const short = (all: readonly Outcome[]) =>
		all.map((outcome) => ("done" in outcome ? outcome.done.id : "refusal" in outcome ? outcome.refusal.code : "failure"));

	it("that makes no sense does not affect the others", async () => {
		const items = [{ params: owner("i-1") }, {}, { params: null }, { params: "text" }, null, { params: owner("i-2") }];
		const refused = Array.from({ length: 3 }, () => "VALIDATION_ERROR");
		expect(short(await register(items))).toEqual(["i-1", ...refused, "failure", "i-2"]);
	});
	it("that creates needs an id, unless it follows from the content", async () => {
		const { id: _id, ...nameless } = owner("");
		expect(await register([{ params: nameless }])).toMatchObject([{ refusal: { errors: [{ field: "id", expected: "a value" }] } }]);
		expect(await call(alone, "owner.register", { params: nameless })).toMatchObject({
			begun: true,
			id: expect.stringMatching(/^[0-9a-f-]{36}$/),
		});
		const car = { plate: "ZZ-123-ZZ", country: "FR", type: "car", brand: "Renault", model: "Clio", fiscalPower: 5, owner: "i-1" };
		expect(short(await call<Outcome[]>(among, "vehicle.registerMany", { params: { items: [{ params: car }] } }))).toEqual(["FR-ZZ-123-ZZ"]);
	});
	it("has its own command id, derived from that of the call if it has none", async () => {
		const items = () => [{ params: owner("i-3") }, { params: owner("i-4"), commandId: "own" }];
		await register(items(), { commandId: "call" });
		for (const [id, commandId] of [
			["i-3", "call/0"],
			["i-4", "own"],
		] as const) {
			const { rows } = await call<{ rows: { command: { id: string } }[] }>(among, "owner.history", { params: { id } });
			expect(rows.map(({ command }) => command.id)).toEqual([commandId]);
		}
		expect((await register(items(), { commandId: "call" })).map((outcome) => "done" in outcome && outcome.done.replayed)).toEqual([
			true,
			true,
		]);
	});
});

describe("metadata of a command", () => {
	it.each(["owner.correct", "owner.correctMany"])("of %s is not inherited by nested calls, nor returned", async (action) => {
		const params = { id: "i-1", name: "Someone Else" };
		const meta = { commandId: "c", ifMatch: 99, digest: "d", more: "kept" };
		const calling = call(among, action, { params: action.endsWith("Many") ? { items: [{ params }] } : params, meta });
		await calling.catch(() => undefined);
		expect((calling as { ctx?: { meta: object } }).ctx?.meta).toEqual({ more: "kept" }); // moleculer sets it
	});
	it("names a version for a command alone; among many, each item names its own", async () => {
		const changes = { id: "i-2", name: "Someone Else" };
		await expect(call(among, "owner.correct", { params: changes, meta: { ifMatch: 99 } })).rejects.toMatchObject({
			type: "VERSION_MISMATCH",
		});
		const items = [{ params: changes, ifMatch: 99 }, { params: changes }];
		expect(await call(among, "owner.correctMany", { params: { items }, meta: { ifMatch: 98 } })).toMatchObject([
			{ refusal: { code: "VERSION_MISMATCH" } },
			{ done: { version: 2 } },
		]);
	});
});

describe("the params of an action", () => {
	it("are those of fastest-validator, and describe the fields of the model", () => {
		for (const { name: service, commands: laws, asks: questions } of models)
			for (const [name, { shape }] of Object.entries({ ...laws, ...questions })) {
				const { params } = (
					among?.broker.registry.actions.get(`${service}.${name}`) as { endpoints: { action: { params: Rule } }[] } | undefined
				)?.endpoints[0]?.action ?? { params: {} }; // moleculer leaves it untyped
				expect([`${service}.${name}`, ...Object.keys(params).toSorted()]).toEqual(
					[`${service}.${name}`, ...new Set(["$$strict", "id", ...Object.keys(openShape(shape))])].toSorted((a, b) =>
						a.includes(".") ? -1 : b.includes(".") ? 1 : a < b ? -1 : 1,
					),
				);
			}
	});
});
