/** Metrics - a node counts each event once, under bounded names, also if one of its parts cannot answer. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { at } from "../../support/at.ts";
import { Gathering, steadyClocks } from "../../../mixins/monitoring/gathering.ts";
import { METRICS } from "../../../mixins/common/metric-names.ts";
import { metricsUrlOf } from "../../../mixins/http/metrics-server.ts";
import { metricsOf } from "../../../mixins/monitoring/metrics.ts";
import type { Clocks } from "../../../mixins/monitoring/lag-clock.ts";
import { BankNode, POISON } from "../../support/bank-node.ts";
import { chainedAfter, recorded } from "../../support/commits.ts";
import { Scrape } from "../../support/prometheus.ts";
import type { Shelf } from "../../support/scripted-log.ts";
import { turns } from "../../support/turns.ts";

const BANK = { log: "bank", partition: "0" };
const BALANCES = { follower: "balances", ...BANK };
const NOON = Date.parse("2026-03-01T12:00:00.000Z");

const nodes: BankNode[] = [];
const held: (() => void)[] = [];
const started = async (options: Parameters<typeof BankNode.start>[0] = {}): Promise<BankNode> => {
	const node = await BankNode.start(options);
	nodes.push(node);
	return node;
};
afterEach(async () => {
	for (const release of held.splice(0)) release();
	await Promise.all(nodes.splice(0).map((node) => node.stop()));
});
/** Writes `count` deposits to an account as another process. */
function writtenElsewhere(shelf: Shelf, id: string, version: number, at: string, count = 1): void {
	for (let i = 0; i < count; i++) {
		const [commit] = chainedAfter(shelf.tail, [
			{ stream: `account-${id}`, version: version + i, facts: [{ type: "account.deposited", data: { amount: 1 } }] },
		]);
		if (!commit) throw new Error("nothing to write");
		const said = { ...recorded([{ type: "account.deposited", data: { amount: 1 } }]), at };
		shelf.commits.push({ ...commit, body: JSON.stringify(said) });
	}
}

describe("a node", () => {
	it("shows commands, commits, facts and batches", async () => {
		const node = await started();
		await node.open("1", "2", "3");
		await node.give("deposit", { id: "1", amount: 5 });
		await node.give("close", { id: "1" });
		await node.give("open", { id: "2", owner: "Ada" }); // already so
		for (const amount of [1, 2]) await node.give("withdraw", { id: "2", amount });
		await node.give("open", { id: "3", owner: "Bob" });
		await node.give("crash", { id: "3" });
		const scrape = await node.scrape();
		const command = (outcome: string) => scrape.value("vigie_commands_total", { service: "account", outcome });
		expect(["written", "unchanged", "refused", "failed"].map(command)).toEqual([5, 1, 3, 1]);
		const refused = (code: string) => scrape.value("vigie_refusals_total", { service: "account", code });
		expect([refused("NOT_COVERED"), refused("ACCOUNT_ALREADY_EXISTS")]).toEqual([2, 1]);
		const log = (name: string, more = {}) => scrape.value(name, { ...BANK, ...more });
		expect([log("vigie_log_position"), log("vigie_log_commits_total"), log("vigie_log_facts_total")]).toEqual([5, 5, 6]);
		expect([log("vigie_log_batch_commits_count"), log("vigie_log_batch_commits_sum")]).toEqual([node.log.appends.length, 5]);
		expect([log("vigie_log_batch_commits_bucket", { le: "1.0" }), log("vigie_log_batch_commits_bucket", { le: "5.0" })]).toEqual([2, 3]);
		expect([log("vigie_log_append_duration_seconds_count"), log("vigie_log_waiting")]).toEqual([3, 0]);
	});

	it("shows the commits its read model has handled, and the rows in memory", async () => {
		const node = await started();
		await node.open("1", "2");
		await node.settle();
		await node.give("deposit", { id: "1", amount: 5 });
		await node.settle();
		const scrape = await node.scrape();
		const taken = (name: string) => scrape.value(`vigie_follower_${name}`, BALANCES);
		expect(["position", "lag_commits", "lag_seconds", "stopped", "commits_total", "failures_total"].map(taken)).toEqual([3, 0, 0, 0, 3, 0]);
		const cache = (name: string) => scrape.value(`vigie_row_cache_${name}`, { follower: "balances" });
		expect([cache("hits_total"), cache("misses_total"), cache("rows")]).toEqual([0, 3, 1]); // kept from the second write on
		expect(scrape.value("vigie_read_model_rebuilding", { follower: "balances" })).toBe(0);
	});

	it("shows actors in memory, cache hits, actors read, and new actors", async () => {
		const node = await started();
		await node.open("1");
		await node.give("deposit", { id: "1", amount: 5 });
		await node.give("deposit", { id: "nobody", amount: 5 });
		const scrape = await node.scrape();
		const cache = (name: string) => scrape.value(`vigie_actor_cache_${name}`, { service: "account" });
		expect([cache("hits_total"), cache("misses_total"), cache("new_total"), cache("actors")]).toEqual([1, 0, 1, 2]);
	});

	it("shows commits of another writer, and commands that were decided again", async () => {
		const node = await started();
		await node.open("1");
		writtenElsewhere(node.shelf, "1", 1, new Date().toISOString(), 2);
		await node.give("deposit", { id: "1", amount: 5 });
		const scrape = await node.scrape();
		const log = (name: string) => scrape.value(`vigie_log_${name}_total`, BANK);
		expect([log("overtaken"), log("missed_commits"), log("retries"), log("commits")]).toEqual([1, 2, 1, 2]);
	});

	it("shows that a store fails, and that it works again", async () => {
		const node = await started({ reading: false });
		node.log.script.push("rejected", "rejected", "rejected", "rejected", "rejected");
		expect(await node.give("open", { id: "1", owner: "Ada" })).toBe("STORE_UNAVAILABLE");
		const before = await node.scrape();
		const failing = (scrape: Scrape) => [
			scrape.value("vigie_log_failing", { ...BANK, operation: "append" }),
			scrape.value("vigie_log_failing", { ...BANK, operation: "read" }),
			scrape.value("vigie_log_failures_total", { ...BANK, operation: "append" }),
		];
		expect(failing(before)).toEqual([1, 0, 5]);
		await node.open("1");
		expect(failing(await node.scrape())).toEqual([0, 0, 5]);
	});

	it("exposes each metric with its declared type and labels", async () => {
		const node = await started();
		await node.open("1");
		await node.give("withdraw", { id: "1", amount: 1 });
		const { samples, types } = await node.scrape();
		for (const { name, labels } of samples.filter((one) => /^(vigie|process|nodejs)_/.test(one.name))) {
			const family = name.replace(/_(bucket|sum|count)$/, "");
			const metric = Object.entries(METRICS).find(([known]) => known === name || known === family)?.[1];
			expect([name, types.get(name) ?? types.get(family)]).toEqual([name, metric?.type]);
			expect([name, Object.keys(labels).filter((label) => label !== "le")]).toEqual([name, metric?.labels]);
		}
		expect(Object.entries(METRICS).filter(([name, { type }]) => (type === "counter") !== name.endsWith("_total"))).toEqual([]);
	});
});

describe("a blocked read model", () => {
	const clocks: Clocks & { wall: number; steady: number } = { wall: NOON, steady: 0 };
	const go = (seconds: number): void => {
		clocks.wall += seconds * 1000;
		clocks.steady += seconds * 1000;
	};
	/** A node whose read model is blocked at its first commit. */
	const heldUp = async (): Promise<{ node: BankNode; release: () => void }> => {
		Object.assign(clocks, { wall: NOON, steady: 0 });
		const node = await started({ clocks: () => ({ ...clocks }) });
		await node.settle();
		const release = node.table.hold();
		held.push(release);
		await at(new Date(NOON).toISOString(), () => node.broker.call<unknown, object>("account.open", { id: "1", owner: "Ada" }));
		await node.settle();
		return { node, release };
	};
	const lag = async (node: BankNode): Promise<readonly number[]> => {
		const scrape = await node.scrape();
		return ["lag_commits", "lag_seconds", "position", "stopped"].map((name) => scrape.value(`vigie_follower_${name}`, BALANCES));
	};

	it("shows the number of unhandled commits, and how long the oldest one has been waiting", async () => {
		const { node, release } = await heldUp();
		go(7);
		expect(await lag(node)).toEqual([1, 7, 0, 0]);
		await node.give("deposit", { id: "1", amount: 1 });
		go(3);
		expect(await lag(node)).toEqual([2, 10, 0, 0]);
		release();
		await node.settle();
		expect(await lag(node)).toEqual([0, 0, 2, 0]);
	});

	it("counts commits of another node also without a hint", async () => {
		const { node } = await heldUp();
		writtenElsewhere(node.shelf, "1", 1, new Date(NOON).toISOString(), 41);
		expect(await lag(node)).toEqual([42, 0, 0, 0]);
		expect((await node.scrape()).value("vigie_log_position", BANK)).toBe(42);
	});

	it("continues to count seconds when the clock steps back an hour", async () => {
		const { node } = await heldUp();
		go(20);
		expect(await lag(node)).toEqual([1, 20, 0, 0]);
		clocks.wall -= 3_600_000;
		go(10);
		expect(await lag(node)).toEqual([1, 30, 0, 0]);
	});

	it("that has stopped falls further behind", async () => {
		const { node, release } = await heldUp();
		release();
		await at(new Date(NOON).toISOString(), () => node.broker.call<unknown, object>("account.deposit", { id: "1", amount: POISON }));
		await node.settle();
		go(100);
		expect(await lag(node)).toEqual([1, 100, 1, 1]);
		writtenElsewhere(node.shelf, "1", 2, new Date(clocks.wall).toISOString());
		go(1);
		expect(await lag(node)).toEqual([2, 101, 1, 1]);
	});
});

describe("a part that cannot report its metrics", () => {
	it("is counted, and the other parts are shown", async () => {
		const node = await started();
		await node.open("1");
		await node.settle();
		expect((await node.scrape()).value("vigie_scrape_failures")).toBe(0);
		node.log.unreadable = 1;
		const scrape = await node.scrape();
		expect(scrape.value("vigie_scrape_failures")).toBe(1);
		expect([scrape.value("vigie_log_position", BANK), scrape.value("vigie_follower_position", BALANCES)]).toEqual([1, 1]); // last known values
		expect((await node.scrape()).value("vigie_scrape_failures")).toBe(0);
	});

	it("in time does not block the others: only its values before the deadline are shown", async () => {
		const node = await started();
		await node.settle();
		let late = (): void => {};
		const figures = await new Gathering(node.broker, steadyClocks, 20).all([
			async (give) => {
				give("process_resident_memory_bytes", 1, {});
				await new Promise<void>((resolve) => (late = resolve));
				give("nodejs_heap_size_used_bytes", 2, {});
			},
		]);
		late();
		await turns();
		const names = figures.map(({ name }) => name);
		expect(names).toContain("process_resident_memory_bytes");
		expect(names).toContain("vigie_follower_position");
		expect(names).not.toContain("nodejs_heap_size_used_bytes");
		expect(figures.at(-1)).toEqual({ name: "vigie_scrape_failures", value: 1, labels: {} });
	});

	it("because it is gone is not shown any more", async () => {
		const node = await started();
		await node.settle();
		expect((await node.scrape()).all("vigie_row_cache_rows")).toHaveLength(1);
		const service = node.broker.getLocalService("balances");
		await node.broker.destroyService(service);
		expect((await node.scrape()).all("vigie_row_cache_rows")).toEqual([]);
	});
});

describe("the metrics of a node", () => {
	it("can be read from another node, as text and as Moleculer's list", async () => {
		const teller = await started({ nodeID: "teller", joined: true, reading: false });
		const front = await started({ nodeID: "front", joined: true, reading: false });
		await front.broker.waitForServices("account");
		await teller.open("1"); // either node may decide it, because both have the log
		const ask = async (nodeID: string) => new Scrape(await front.broker.call<string, object>("$node.prometheus", {}, { nodeID }));
		const commits = [(await ask("teller")).sum("vigie_log_commits_total"), (await ask("front")).sum("vigie_log_commits_total")];
		expect(commits.reduce((sum, count) => sum + count)).toBe(1);
		const listed = await front.broker.call<{ name: string; values: { value: number }[] }[], object>(
			"$node.metrics",
			{},
			{ nodeID: "teller" },
		);
		expect(listed.find(({ name }) => name === "vigie_log_commits_total")?.values[0]?.value).toBe(commits[0]);
	});

	it("are served at a port of their own if one is set, until the node stops", async () => {
		const node = await BankNode.start({ port: 0 });
		const url = metricsUrlOf(node.broker);
		expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
		await node.open("1");
		const answer = await fetch(url);
		expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
		expect(new Scrape(await answer.text()).value("vigie_log_commits_total", BANK)).toBe(1);
		expect((await fetch(url.replace("/metrics", "/"))).status).toBe(404);
		await node.stop();
		await expect(fetch(url)).rejects.toThrow();
	});

	it("are not served at a port of their own without one", async () => {
		const node = await started();
		expect([metricsUrlOf(node.broker), metricsOf(node.broker)]).toEqual(["", node.metrics]);
	});

	it("are gathered once for concurrent requests", async () => {
		const node = await started();
		await node.settle();
		const before = node.log.looks.length;
		const [first, second] = await Promise.all([node.metrics.text(), node.metrics.text()]);
		expect([first, node.log.looks.length]).toEqual([second, before]);
	});

	it("include the machine", async () => {
		const node = await started({ folder: import.meta.dirname });
		const scrape = await node.scrape();
		const between = (name: string, least: number, most: number): void => {
			const value = scrape.value(name);
			if (!(value >= least && value <= most)) throw new Error(`${name} is ${value}`);
		};
		const { rss, heapTotal } = process.memoryUsage();
		between("process_resident_memory_bytes", rss / 2, rss * 2);
		between("nodejs_heap_size_total_bytes", heapTotal / 3, heapTotal * 3);
		between("nodejs_heap_size_used_bytes", 1e6, scrape.value("nodejs_heap_size_total_bytes"));
		between("nodejs_external_memory_bytes", 1, rss);
		between("process_cpu_seconds_total", 0.01, 24 * 3600);
		between("process_start_time_seconds", Date.now() / 1000 - 24 * 3600, Date.now() / 1000);
		between("nodejs_eventloop_lag_p99_seconds", 0, 60);
		between("nodejs_eventloop_lag_max_seconds", scrape.value("nodejs_eventloop_lag_p99_seconds"), 60);
		between("nodejs_eventloop_utilization_ratio", 0, 1);
		between("vigie_data_free_bytes", 1, scrape.value("vigie_data_size_bytes"));
	});

	it("show how long the event loop was blocked", async () => {
		const node = await started();
		await new Promise((resolve) => setTimeout(resolve, 30)); // after the first measurement
		const end = performance.now() + 300;
		while (performance.now() < end);
		await new Promise((resolve) => setTimeout(resolve, 30));
		const max = (await node.scrape()).value("nodejs_eventloop_lag_max_seconds");
		expect(max).toBeGreaterThan(0.25);
		expect(max).toBeLessThan(5);
	});
});
