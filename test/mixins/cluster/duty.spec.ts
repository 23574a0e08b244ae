/** Duty - a new owner takes over the lease of a node that is gone immediately, and waits for any other lease to expire. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Service } from "moleculer";
import { Duty } from "../../../mixins/cluster/duty.ts";
import { bestOf } from "../../../mixins/cluster/placement.ts";
import type { Lease } from "../../../store/rows.ts";

const WORK = "radars";
/** The owner among three nodes, and its successor. */
const names = ["a", "b", "c"];
const first =
	bestOf(
		names.map((id) => ({ id })),
		WORK,
	)?.id ?? "";
const next =
	bestOf(
		names.filter((name) => name !== first).map((id) => ({ id })),
		WORK,
	)?.id ?? "";

describe("the successor of an owner", () => {
	let nodes: Map<string, { readonly id: string; available: boolean }>;
	let tx: { connected: boolean };
	let asked: (boolean | undefined)[];
	let got: boolean;
	let duty: Duty;
	beforeEach(() => {
		nodes = new Map(names.map((id) => [id, { id, available: true }]));
		tx = { connected: true };
		[asked, got] = [[], true];
		const services = [...nodes.values()].map((node) => ({ name: WORK, node }));
		const registry = { services: { services }, nodes };
		const service = { name: WORK, logger: { warn: () => undefined }, broker: { nodeID: next, registry, transit: { tx } } };
		const lease: Lease = {
			held: false,
			want: async (orphaned) => (asked.push(orphaned), got),
			watch: async () => undefined,
			release: async () => undefined,
		};
		duty = new Duty(service as unknown as Service, lease, (task) => task()); // only the fields in use
	});
	const gone = (name: string): void => void Object.assign(nodes.get(name) ?? {}, { available: false });

	it("takes over the lease of an owner that is gone, and retries until it has it", async () => {
		await duty.look();
		expect(asked).toEqual([]);
		gone(first);
		got = false;
		await duty.look();
		await duty.look();
		got = true;
		await duty.look();
		await duty.look();
		expect(asked).toEqual([true, true, true, false]);
	});
	it("waits for the lease while it is offline", async () => {
		await duty.look();
		tx.connected = false;
		gone(first);
		await duty.look();
		expect(asked).toEqual([false]);
	});
	it("waits for the lease at its own start", async () => {
		gone(first);
		await duty.look();
		expect(asked).toEqual([false]);
	});
});
