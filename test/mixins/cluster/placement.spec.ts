/** Placement - each partition has the same owner on every node; a node that joins or leaves moves only its own partitions. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ServiceBroker } from "moleculer";
import { Placement } from "../../../mixins/cluster/placement.ts";
import { partitionOf } from "../../../store/position.ts";

const broker = new ServiceBroker({ logger: false });
const placement = new Placement(broker.registry, broker, { log: "radar", partitions: 16, service: "radar" });
const nodes = (...ids: readonly string[]) => ids.map((id) => ({ id }));
const ids = Array.from({ length: 4000 }, (_, i) => `A6-${i}`);
const owner = (list: readonly { id: string }[], id: string) => placement.owner(list, id)?.id ?? "nobody";
const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 2, maxLength: 9 });

describe("the owner of an actor", () => {
	it("is the owner of its partition, independent of the order of the nodes", () =>
		fc.assert(
			fc.property(names, fc.nat(), (known, seed) => {
				const list = nodes(...known);
				const turned = [...list.slice(seed % list.length), ...list.slice(0, seed % list.length)];
				const owners = new Map<number, string>();
				for (const id of ids.slice(0, 300)) {
					const partition = partitionOf(`radar-${id}`, 16);
					expect(owner(turned, id)).toBe(owners.get(partition) ?? owner(list, id));
					owners.set(partition, owner(list, id));
				}
			}),
			{ numRuns: 50 },
		));

	it("stays when another node leaves, and moves only to a node that joins", () =>
		fc.assert(
			fc.property(names, fc.nat(), (known, which) => {
				const gone = known[which % known.length] ?? "";
				const before = nodes(...known);
				const after = before.filter(({ id }) => id !== gone);
				for (const id of ids.slice(0, 300)) {
					if (owner(before, id) !== gone) expect(owner(after, id)).toBe(owner(before, id));
					expect([owner(after, id), gone]).toContain(owner(before, id));
				}
			}),
			{ numRuns: 50 },
		));

	it("is each of several nodes about equally often", () => {
		const many = new Placement(broker.registry, broker, { log: "radar", partitions: 1000, service: "radar" });
		const list = nodes("command-1", "command-2", "command-3", "command-4");
		const counts = new Map<string, number>();
		for (const id of ids) {
			const at = many.owner(list, id)?.id ?? "";
			counts.set(at, (counts.get(at) ?? 0) + 1);
		}
		expect(counts.size).toBe(4);
		for (const count of counts.values()) expect(count / ids.length).toBeCloseTo(1 / 4, 1);
	});
});

describe("a call", () => {
	const list = nodes("a", "b", "c");
	it("goes to the owner of its actor, or of the first actor of many, for commands and asks", () => {
		for (const id of ids.slice(0, 50)) {
			const at = owner(list, id);
			expect(placement.select(list, { params: { id } }).id).toBe(at);
			expect(placement.select(list, { params: { items: [{ params: { id } }] } }).id).toBe(at);
			expect(placement.select(list, { params: { items: [{ id }] } }).id).toBe(at);
		}
	});
	it("without an actor goes to each node in turn", () => {
		const seen = [1, 2, 3].map(() => placement.select(list, { params: {} }).id);
		expect(new Set(seen)).toEqual(new Set(["a", "b", "c"]));
		const unplaced = new Placement(broker.registry, broker, {});
		expect(new Set([1, 2, 3].map(() => unplaced.select(list, { params: { id: "x" } }).id)).size).toBe(3);
	});
});
