/** Health: whether the system is ready, and if not, which part is not and why. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Context, ServiceSchema } from "moleculer";
import { callsOf, FREE } from "../support/access.ts";
import { type Running, start } from "../../node/start.ts";
import type { Part } from "../../mixins/monitoring/health.ts";
import { storageOf } from "../../mixins/logs/storage.ts";
import { type Needed, type Report, reportOf } from "../../mixins/http/health.ts";
import { BankNode, POISON } from "../support/bank-node.ts";
import { Folder } from "../support/folder.ts";
import { Scrape } from "../support/prometheus.ts";
import { eventually, TOKEN } from "../support/system.ts";

const partOf = ({ parts }: Pick<Report, "parts">, name: string): Part | undefined => parts.find((part) => part.name === name);

describe("a node", () => {
	let node: BankNode;
	let known: Set<string>;
	let routes: Needed[];
	const others: BankNode[] = [];
	const report = () => reportOf(node.broker, routes, known);
	/** The only part that is not ready. */
	const unready = async (): Promise<Part> => {
		const { status, parts } = await report();
		const [first, second] = parts.filter(({ ready }) => !ready);
		if (!first || second || status !== "not ready") throw new Error(JSON.stringify(parts));
		return first;
	};
	const alone = async (options: Parameters<typeof BankNode.start>[0] = {}): Promise<void> => {
		node = await BankNode.start(options);
		await node.settle();
		known = new Set();
		const actions = node.broker.registry.getActionList({ skipInternal: true }) as { name: string; action?: { rest?: string } }[];
		routes = actions.flatMap(({ name, action }) => (action?.rest === undefined ? [] : [{ name, rest: action.rest }]));
	};
	afterEach(async () => {
		jest.restoreAllMocks();
		await Promise.all([node, ...others.splice(0)].map((one) => one.stop()));
	});
	beforeEach(() => alone());

	it("is ready when its logs and read models are, and reports their positions", async () => {
		await node.open("1");
		await node.settle();
		expect(await report()).toEqual({
			status: "ready",
			parts: [
				{ name: "log bank", ready: true, positions: { "bank:0": 1 }, node: "bank" },
				{ name: "balances", ready: true, positions: { "bank:0": 1 }, lag: 0, node: "bank" },
			],
		});
	});

	it("is not ready while its log cannot be read, even without writes", async () => {
		node.log.unreadable = 1;
		expect(await unready()).toMatchObject({ name: "log bank", reason: "bank:0 cannot be read: the store cannot be reached" });
		expect((await report()).status).toBe("ready");
	});

	it("is not ready while its log does not answer", async () => {
		node.log.tail = () => new Promise(() => undefined);
		expect(await unready()).toMatchObject({ name: "log bank", reason: "bank:0 cannot be read: no answer within 1000 ms" });
	});

	it("is not ready when its log could not be written, until it can", async () => {
		node.log.script.push("rejected", "rejected", "rejected", "rejected", "rejected");
		await node.open("1");
		const { name, reason } = await unready();
		expect(name).toBe("log bank");
		expect(reason).toMatch(/^bank:0 could not be written \d+ s ago: the store did not answer$/);
		await node.open("1");
		expect((await report()).status).toBe("ready");
	});

	it("is ready again half a minute after a failed write, with a note, since a node that is not ready gets no writes", async () => {
		let clock = 1000;
		jest.spyOn(performance, "now").mockImplementation(() => clock);
		node.log.script.push("rejected", "rejected", "rejected", "rejected", "rejected");
		await node.open("1");
		clock += 29_999;
		expect((await unready()).reason).toContain("could not be written 30 s ago");
		clock += 1;
		const { status, parts } = await report();
		expect([status, parts.find(({ name }) => name === "log bank")?.note]).toEqual([
			"ready",
			"bank:0 could not be written 30 s ago: the store did not answer; it has not been tried since",
		]);
	});

	it("reports the latest failure: a failed write an hour ago does not hide a failed read now", async () => {
		await node.stop();
		await alone({ reading: false });
		let clock = 1000;
		jest.spyOn(performance, "now").mockImplementation(() => clock);
		node.log.script.push("rejected", "rejected", "rejected", "rejected", "rejected");
		await node.open("1");
		clock += 3_600_000;
		await node.open("2");
		node.log.script.push("rejected", "rejected", "rejected", "rejected", "rejected");
		await node.open("3");
		clock += 3_600_000;
		node.log.endsAt = () => Promise.reject(new Error("the page is gone"));
		await node.give("withdraw", { id: "2", amount: 1 });
		expect((await unready()).reason).toBe("bank:0 could not be read 0 s ago: the page is gone");
	});

	it("is not ready when a read model has stopped at a fact that it cannot project, and names the fact", async () => {
		await node.open("1");
		await node.give("deposit", { id: "1", amount: POISON });
		await node.settle();
		const { name, reason } = await unready();
		expect(name).toBe("balances");
		expect(reason).toMatch(/^balances has stopped after bank:0:1: .*this amount cannot be folded/);
	});

	it("is not ready while a read model cannot write its rows, and says why, but stays ready after a few failures", async () => {
		node.table.script.push("rejected", "rejected", "rejected", "rejected");
		await node.open("1");
		await eventually(async () =>
			expect(partOf(await report(), "balances")).toMatchObject({ ready: true, lag: 0, positions: { "bank:0": 1 } }),
		);
		node.table.script.push(...Array.from({ length: 1000 }, () => "rejected" as const));
		await node.open("2");
		await eventually(async () =>
			expect(await unready()).toMatchObject({ name: "balances", reason: "balances cannot go on after bank:0:1: the disk is full", lag: 1 }),
		);
		node.table.script.length = 0;
		await eventually(async () => expect(partOf(await report(), "balances")).toMatchObject({ ready: true, lag: 0 }));
	});

	it("is not ready when no node offers a service that routes need, and names the routes", async () => {
		expect((await report()).status).toBe("ready");
		await node.broker.destroyService(node.broker.getLocalService("balances"));
		expect(await unready()).toEqual({
			name: "balances",
			ready: false,
			reason: "no node offers balances, so these answer 503: GET /balances, GET /balances/:id",
		});
	});

	it("is not ready when no node offers a part without routes any longer", async () => {
		routes = [];
		node.broker.createService({ name: "dunning", actions: { health: () => ({ name: "dunning", ready: true, positions: {}, lag: 0 }) } });
		await node.broker.waitForServices("dunning");
		expect(partOf(await report(), "dunning")).toMatchObject({ ready: true });
		await node.broker.destroyService(node.broker.getLocalService("dunning"));
		expect(await unready()).toEqual({ name: "dunning", ready: false, reason: "no node offers dunning" });
	});

	it("is not ready while a service has not started", async () => {
		let go = (): void => {};
		node.broker.createService({ name: "slow", started: () => new Promise<void>((resolve) => (go = resolve)) });
		expect(await unready()).toMatchObject({ name: "slow", reason: "slow has not started yet" });
		go();
		await node.broker.waitForServices("slow");
		expect((await report()).status).toBe("ready");
	});

	it("is not ready when the health action of a part fails", async () => {
		node.broker.createService({ name: "mute", actions: { health: () => Promise.reject(new Error("I do not know")) } });
		await node.broker.waitForServices("mute");
		expect(await unready()).toMatchObject({ name: "mute", reason: "I do not know", node: "bank" });
	});

	it("lists first the parts that are not ready", async () => {
		node.broker.createService({ name: "zzz", actions: { health: () => ({ name: "zzz", ready: false, reason: "because" }) } });
		await node.broker.waitForServices("zzz");
		expect((await report()).parts.map(({ name }) => name)).toEqual(["zzz", "log bank", "balances"]);
	});

	it("asks every node of the cluster, and reports parts that no node offers after one has left", async () => {
		await node.stop();
		await alone({ joined: true, nodeID: "front", reading: false });
		const back = await BankNode.start({ joined: true, nodeID: "back", shelf: node.shelf });
		others.push(back);
		await node.broker.waitForServices("balances");
		expect((await report()).parts.map((part) => [part.name, part.node]).toSorted()).toEqual([
			["balances", "back"],
			["log bank", "back"],
			["log bank", "front"],
		]);
		back.log.unreadable = 1;
		expect(await unready()).toMatchObject({ name: "log bank", node: "back" });
		await back.stop();
		expect(await unready()).toMatchObject({ name: "balances", reason: "no node offers balances" });
	});
});

describe("the whole system", () => {
	let folder: Folder;
	let system: Running;
	beforeEach(async () => {
		folder = new Folder();
		system = await start({ DATA_DIR: folder.path, PORT: "0", LOG_LEVEL: "fatal", BOOTSTRAP_TOKEN: TOKEN });
	});
	afterEach(async () => {
		await system.stop();
		folder.remove();
	});
	const get = (path: string) => fetch(`${system.url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
	const ready = async (): Promise<Report> => (await get("/health/ready")).json() as Promise<Report>;
	const scrape = async () => new Scrape(await (await get("/metrics")).text());

	it("has a part for every log, read model and process", async () => {
		const answer = await get("/health/ready");
		const { status, parts } = (await answer.json()) as Report;
		expect([answer.status, status]).toEqual([200, "ready"]);
		const logs = ["identity", "infraction", "operations", "radar", "registration"].map((log) => `log ${log}`);
		const followers = [
			"case-opening",
			"clients",
			"detections",
			"infractions",
			"interventions",
			"owners",
			"radars",
			"sessions",
			"users",
			"vehicles",
		];
		expect(parts.map(({ name }) => name).toSorted()).toEqual([...logs, ...followers, "identity"].toSorted());
		expect(partOf({ parts }, "case-opening")).toMatchObject({ asking: 0, open: 0, parked: 0 });
	});

	it("is ready with parked work, and reports it", async () => {
		const T0 = "2026-01-01T00:00:00.000Z";
		const give = (action: string, params: object) => callsOf(system.broker)<{ position: string }>(action, params);
		const court = system.broker.getLocalService("infraction");
		const { originalSchema } = court as unknown as { originalSchema: ServiceSchema }; // moleculer keeps the schema
		await system.broker.destroyService(court); // it runs
		const refusal = { status: 409, code: "COURT_CLOSED", detail: "The court is closed" };
		const openMany = ({ params: { items } }: Context<{ items: object[] }>) => items.map(() => ({ refusal }));
		const standIn = system.broker.createService({ name: "infraction", actions: { openMany: { may: FREE, handler: openMany } } });
		expect((await get("/health/ready")).status).toBe(503);
		expect(partOf(await ready(), "infraction")?.reason).toMatch(
			/^no node offers infraction, so these answer 503: GET \/infractions\/:id\/history/,
		);
		await give("radar.install", { id: "R1", kind: "fixed", latitude: 48, longitude: 2, limits: { lightKmh: 50 }, from: T0 });
		await give("radar.calibrate", { id: "R1", number: "C", validFrom: T0, validUntil: "2027-01-01T00:00:00.000Z" });
		await give("radar.activate", { id: "R1", from: T0 });
		await give("detection.record", {
			id: "d-1",
			radar: "R1",
			plate: "AB-123-CD",
			country: "FR",
			speedKmh: 110,
			capturedAt: "2026-03-01T08:00:00.000Z",
		});
		await eventually(async () => expect(partOf(await ready(), "case-opening")).toMatchObject({ ready: true, parked: 1, open: 0 }));
		const { parked, open } = { parked: (await scrape()).value("vigie_process_parked"), open: (await scrape()).value("vigie_process_open") };
		expect([parked, open]).toEqual([1, 0]);
		await system.broker.destroyService(standIn);
		system.broker.createService(originalSchema);
		await system.broker.waitForServices("infraction");
		expect(partOf(await ready(), "case-opening")).toMatchObject({ ready: true, parked: 1 });
		expect((await get("/health/ready")).status).toBe(200);
	});

	it("is ready while a read model is rebuilt, and reports it", async () => {
		const { rows } = storageOf(system.broker);
		const live = (await rows.generations("radars")).find(({ state }) => state === "live");
		if (!live) throw new Error("radars has no rows");
		await rows.begin({ ...live.spec, name: "radars" }, "another code", "2026-03-01T08:15:00.000Z");
		expect(await ready()).toMatchObject({ status: "ready" });
		expect(partOf(await ready(), "radars")).toMatchObject({
			ready: true,
			rebuilding: { generation: 2, since: "2026-03-01T08:15:00.000Z" },
		});
		expect((await scrape()).value("vigie_read_model_rebuilding", { follower: "radars" })).toBe(1);
	});

	it("is alive even if parts are not ready", async () => {
		await system.broker.destroyService(system.broker.getLocalService("radars"));
		expect((await get("/health/ready")).status).toBe(503);
		const live = await get("/health/live");
		expect([live.status, await live.json()]).toEqual([200, { status: "live" }]);
	});
});
