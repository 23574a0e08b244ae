/** Generations - nodes that start together on a new store share one generation of rows, and leave none unfinished. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { tableOf } from "../../../mixins/read-models/projector.ts";
import { BankNode, balances, FaultyRows } from "../../support/bank-node.ts";
import { Shelf } from "../../support/scripted-log.ts";

describe("nodes that start together on a new store", () => {
	let nodes: readonly BankNode[] = [];
	afterEach(async () => {
		for (const node of nodes) await node.stop();
	});

	it("all read the first generation, and nothing is being built", async () => {
		const [rows, shelf] = [new FaultyRows(), new Shelf()];
		nodes = await Promise.all(["a", "b", "c"].map((nodeID) => BankNode.start({ nodeID, rows, shelf })));
		expect(await rows.generations(balances.name)).toEqual([expect.objectContaining({ number: 1, state: "live" })]);
		expect([...rows.tables.keys()]).toEqual([balances.name]);
		for (const node of nodes) {
			expect(await node.broker.call(`${balances.name}.health`)).not.toHaveProperty("rebuilding");
			expect((await node.scrape()).value("vigie_read_model_rebuilding", { follower: balances.name })).toBe(0);
		}
	});

	it("can remove an unfinished generation that no node builds", async () => {
		const node = await BankNode.start();
		nodes = [node];
		await node.rows.begin(tableOf(balances), "", "2026-03-01T08:15:00.000Z");
		expect(await node.broker.call(`${balances.name}.health`)).toMatchObject({ rebuilding: { generation: 2 } });
		expect(await node.broker.call(`${balances.name}.forget`)).toEqual({ forgotten: [2] });
		expect(await node.broker.call(`${balances.name}.health`)).not.toHaveProperty("rebuilding");
	});
});
