/** Bulkhead - bounds the concurrent calls of each side of an action (partition or kind of read), so that a blocked side blocks no other. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { BulkheadMiddleware } from "../../../mixins/cluster/bulkhead.ts";
import { sideOf } from "../../../mixins/cluster/placement.ts";

const MOST = 3;
const strategyOptions = { log: "bank", partitions: 4, service: "account" };
const side = (id: string) => sideOf({ strategyOptions }, { id });
/** Ids of one partition, and an id of another one. */
const ids = Array.from({ length: 100 }, (_, n) => `a-${n}`);
const held = ids.filter((id) => side(id) === side("a-0"));
const other = ids.find((id) => side(id) !== side("a-0")) ?? "";

describe("a node with more calls than it can answer", () => {
	let broker: ServiceBroker;
	let waiting: (() => void)[];
	/** Starts a node whose calls wait for `letGo`. */
	const start = async (): Promise<void> => {
		waiting = [];
		broker = new ServiceBroker({ logger: false, middlewares: [BulkheadMiddleware(MOST)] });
		const wait = (ctx: Context) => new Promise((resolve) => waiting.push(() => resolve(ctx.params)));
		broker.createService({
			name: "account",
			actions: { deposit: { strategyOptions, handler: wait }, list: wait, follow: { bulkhead: { enabled: false }, handler: wait } },
		});
		await broker.start();
	};
	const call = (action: string, params: object = {}, meta: object = {}) =>
		broker.call<unknown, object>(`account.${action}`, params, { meta });
	const letGo = () => waiting.splice(0).forEach((go) => go());
	afterEach(async () => {
		letGo();
		await broker.stop();
	});

	it("rejects calls beyond the limit of a partition with a retryable failure, and accepts calls for another partition", async () => {
		await start();
		const under = held.slice(0, MOST).map((id) => call("deposit", { id }));
		await expect(call("deposit", { id: held[MOST] })).rejects.toMatchObject({ type: "QUEUE_FULL", retryable: true });
		await expect(call("deposit", { items: [{ params: { id: held[MOST] } }] })).rejects.toMatchObject({ type: "QUEUE_FULL" });
		const beside = call("deposit", { id: other });
		letGo();
		await expect(beside).resolves.toEqual({ id: other });
		await expect(Promise.all(under)).resolves.toHaveLength(MOST);
	});
	it("has room again for each call that has ended, also after a failure", async () => {
		await start();
		for (let round = 0; round < 3; round++) {
			const under = Array.from({ length: MOST }, () => call("deposit", { id: held[0] }));
			await expect(call("deposit", { id: held[0] })).rejects.toMatchObject({ type: "QUEUE_FULL" });
			letGo();
			await Promise.all(under);
		}
		broker.createService({ name: "broken", actions: { open: () => Promise.reject(new Error("no")) } });
		for (let n = 0; n < 3 * MOST; n++) await expect(broker.call("broken.open")).rejects.toThrow("no");
	});
	it("answers reads without a position while many reads wait for a position", async () => {
		await start();
		const waits = Array.from({ length: MOST }, () => call("list", {}, { position: "bank:0:9" }));
		await expect(call("list", {}, { position: "bank:0:9" })).rejects.toMatchObject({ type: "QUEUE_FULL" });
		const read = call("list");
		letGo();
		await Promise.all([read, ...waits]);
	});
	it("does not bound actions that have it disabled", async () => {
		await start();
		const under = Array.from({ length: 5 * MOST }, () => call("follow"));
		letGo();
		await expect(Promise.all(under)).resolves.toHaveLength(5 * MOST);
	});
});
