/** Whose turn it is: a lease is waited for, but for that of a node that is known to be gone. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Service } from "moleculer";
import { Duty } from "../../mixins/duty.ts";
import { bestOf } from "../../mixins/placement.ts";
import type { Lease } from "../../store/rows.ts";

const WORK = "radars";
/** The one that is to do the work, of three; and the next. */
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

describe("the node that comes after another", () => {
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
		duty = new Duty(service as unknown as Service, lease, (task) => task()); // as much as is used
	});
	const gone = (name: string): void => void Object.assign(nodes.get(name) ?? {}, { available: false });

	it("takes its lease over at once where it is gone, and until it has it", async () => {
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
	it("waits for it where it cannot know: without a connection, and at the start", async () => {
		await duty.look();
		tx.connected = false;
		gone(first);
		await duty.look();
		expect(asked).toEqual([false]);
	});
	it("waits for it at its own start", async () => {
		gone(first);
		await duty.look();
		expect(asked).toEqual([false]);
	});
});
