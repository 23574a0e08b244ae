/** Replayed - compares every row of a cluster with a rebuild from the logs. */
import { expect } from "@jest/globals";
import type { Cluster } from "../support/cluster.ts";
import { eventually, type Row } from "../support/system.ts";

const LISTS = ["radars", "detections", "owners", "vehicles", "infractions"];

/** Rebuilds all read models, and expects the same rows. */
export async function expectReplayed(cluster: Cluster): Promise<void> {
	const [gateway] = cluster.gateways;
	if (!gateway) throw new Error("there is no gateway");
	const rowsOf = (): Promise<Row[][]> => Promise.all(LISTS.map((list) => gateway.rows(`/${list}`)));
	const before = await rowsOf();
	for (const list of LISTS) {
		const told = await cluster.es(`rebuild ${list}`);
		expect([list, told.code, told.stderr]).toEqual([list, 0, told.stderr]);
	}
	await eventually(async () => expect(await rowsOf()).toEqual(before));
}
