/** Senders: what a node takes from the wire - each packet once, as it was sent, from a process that runs - and how much it remembers. */
import { describe, expect, it } from "@jest/globals";
import { type ClusterKeys, clusterKeysIn, newClusterKey } from "../../../mixins/nats/cluster-keys.ts";
import { Sealer } from "../../../mixins/nats/seal.ts";
import { PROOF, Senders } from "../../../mixins/nats/senders.ts";

const keysIn = (...texts: readonly string[]): ClusterKeys => clusterKeysIn(texts.join()) as ClusterKeys; // they are valid
const [KEY, OTHER_KEY] = [newClusterKey(), newClusterKey()];
/** A message on the wire. */
interface Wired {
	readonly type: string;
	readonly to: string | null;
	readonly data: Buffer;
}

/** Nodes on one wire that delivers when the test says so; time passes only by `advance`. */
class Wire {
	now = 1000;
	readonly #timeouts: { at: number; run: () => void }[] = [];
	readonly #nodes: Node[] = [];
	readonly recorded: Wired[] = [];

	node(name: string, { keys = keysIn(KEY), installation = "one", lag = 0 } = {}): Node {
		const node = new Node(this, name, keys, installation, () => this.now + lag);
		this.#nodes.push(node);
		return node;
	}
	remove(node: Node): void {
		this.#nodes.splice(this.#nodes.indexOf(node), 1);
	}
	send(wired: Wired): void {
		this.recorded.push(wired);
		for (const node of [...this.#nodes]) if (wired.to === null || wired.to === node.name) node.hear(wired);
	}
	readonly timers = {
		later: (milliseconds: number, run: () => void) => {
			const timeout = { at: this.now + milliseconds, run };
			this.#timeouts.push(timeout);
			return () => void this.#timeouts.splice(this.#timeouts.indexOf(timeout), 1);
		},
	};
	advance(milliseconds: number): void {
		this.now += milliseconds;
		for (const timeout of this.#timeouts.filter(({ at }) => at <= this.now)) {
			this.#timeouts.splice(this.#timeouts.indexOf(timeout), 1);
			timeout.run();
		}
	}
}
class Node {
	readonly name: string;
	readonly delivered: string[] = [];
	readonly dropped: string[] = [];
	readonly senders: Senders;
	readonly #wire: Wire;
	readonly #sealer: Sealer;
	readonly #installation: string;

	constructor(wire: Wire, name: string, keys: ClusterKeys, installation: string, clock: () => number) {
		this.#wire = wire;
		this.name = name;
		this.#installation = installation;
		this.#sealer = new Sealer(keys[0], name, clock);
		const line = {
			node: name,
			installation: () => installation,
			deliver: (type: string, message: Buffer) => void this.delivered.push(`${type} ${message.toString()}`),
			send: (receiver: string, message: Buffer) => this.say(PROOF, message, receiver),
			dropped: (reason: string, sender: string) => void this.dropped.push(`${reason} ${sender}`),
		};
		this.senders = new Senders(keys, this.#sealer, line, clock, wire.timers);
		this.senders.begin();
	}
	say(type: string, message: Buffer | string, to: string | null = null): void {
		this.#wire.send({ type, to, data: this.sealed(type, message, to) });
	}
	sealed(type: string, message: Buffer | string, to: string | null): Buffer {
		return this.#sealer.seal({ type, receiver: to, installation: this.#installation }, Buffer.from(message));
	}
	hear({ type, data }: Pick<Wired, "type" | "data">): void {
		this.senders.receive(type, data);
	}
}

describe("packets between two nodes", () => {
	it("are delivered once and in order, from the first one on", () => {
		const wire = new Wire();
		const [a, b] = [wire.node("a"), wire.node("b")];
		a.say("INFO", "hello");
		a.say("REQ", "work", "b");
		b.say("RES", "done", "a");
		expect([a.delivered, b.delivered]).toEqual([["RES done"], ["INFO hello", "REQ work"]]);
		expect([a.dropped, b.dropped]).toEqual([[], []]);
	});
	it("are dropped when they come again", () => {
		const wire = new Wire();
		const [a, b] = [wire.node("a"), wire.node("b")];
		a.say("INFO", "hello");
		a.say("REQ", "work", "b");
		b.say("RES", "done", "a");
		for (const wired of [...wire.recorded]) wire.send(wired);
		expect([a.delivered, b.delivered]).toEqual([["RES done"], ["INFO hello", "REQ work"]]);
		expect(b.dropped.filter((line) => line === "replayed a")).toHaveLength(2);
	});
	it("do not open as another type, for another receiver, for all, or in another installation", () => {
		const wire = new Wire();
		const [a, b, c] = [wire.node("a"), wire.node("b"), wire.node("c")];
		const stranger = wire.node("b", { installation: "two" });
		a.say("INFO", "hello");
		const data = a.sealed("REQ", "work", "b");
		b.hear({ type: "EVENT", data });
		c.hear({ type: "REQ", data });
		stranger.hear({ type: "REQ", data });
		const forAll = Buffer.from(data);
		forAll[1] = 0;
		b.hear({ type: "REQ", data: forAll });
		expect([b.delivered, c.delivered, stranger.delivered]).toEqual([["INFO hello"], ["INFO hello"], []]);
		expect([b.dropped, c.dropped]).toEqual([["unopened a", "unopened a"], ["unopened a"]]);
	});
	it("are dropped with any bit flipped, cut anywhere, or made up", () => {
		const wire = new Wire();
		const [a, b] = [wire.node("a"), wire.node("b")];
		a.say("INFO", "hello");
		const data = a.sealed("REQ", "work", "b");
		for (let bit = 0; bit < data.length * 8; bit++) {
			const changed = Buffer.from(data);
			changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
			b.hear({ type: "REQ", data: changed });
		}
		for (let length = 0; length < data.length; length++) b.hear({ type: "REQ", data: data.subarray(0, length) });
		b.hear({ type: "REQ", data: Buffer.from('{"ver":"5","sender":"a"}') });
		expect(b.delivered).toEqual(["INFO hello"]);
		expect(b.dropped).toHaveLength(data.length * 9 + 1);
		b.hear({ type: "REQ", data });
		expect(b.delivered).toEqual(["INFO hello", "REQ work"]);
	});
	it("reach each other whatever their clocks show", () => {
		const wire = new Wire();
		const [a, b] = [wire.node("a", { lag: 5_000_000 }), wire.node("b")];
		a.say("INFO", "hello");
		b.say("INFO", "hello");
		expect([a.delivered, b.delivered]).toEqual([["INFO hello"], ["INFO hello"]]);
	});
	it.each([
		["the second key is added", [KEY], [KEY, OTHER_KEY]],
		["the second key is sent with", [KEY, OTHER_KEY], [OTHER_KEY, KEY]],
		["the first key is removed", [OTHER_KEY, KEY], [OTHER_KEY]],
	])("reach each other during a rotation, when %s on one of them", (_step, before, after) => {
		const wire = new Wire();
		const [a, b] = [wire.node("a", { keys: keysIn(...before) }), wire.node("b", { keys: keysIn(...after) })];
		a.say("INFO", "hello");
		b.say("INFO", "hello");
		expect([a.delivered, b.delivered, a.dropped, b.dropped]).toEqual([["INFO hello"], ["INFO hello"], [], []]);
	});
	it("do not open under another key", () => {
		const wire = new Wire();
		const [a, b] = [wire.node("a"), wire.node("b", { keys: keysIn(OTHER_KEY) })];
		a.say("INFO", "hello");
		expect([b.delivered, b.dropped]).toEqual([[], ["unopened a"]]);
	});
});

describe("a node that has restarted", () => {
	it("drops what was sent before its start, by processes that run and by those that have ended", () => {
		const wire = new Wire();
		const [a, ended, before] = [wire.node("a"), wire.node("c"), wire.node("b")];
		for (const node of [a, ended]) node.say("REQ", "work", "b");
		ended.say("DISCONNECT", "bye");
		const recorded = wire.recorded.filter(({ type }) => type !== PROOF);
		wire.remove(before);
		wire.remove(ended);
		wire.advance(5000);
		const b = wire.node("b");
		for (const wired of recorded) b.hear(wired);
		wire.advance(2000);
		expect(b.delivered).toEqual([]);
		expect(b.dropped).toEqual(["replayed a", "unproven c", "unproven c"]);
		a.say("REQ", "more", "b");
		expect(b.delivered).toEqual(["REQ more"]);
	});
	it("hears a process that answers late, from its next packet on", () => {
		const wire = new Wire();
		const [a, b] = [wire.node("a"), wire.node("b")];
		wire.remove(a); // it sends, but does not answer
		a.say("INFO", "first");
		wire.advance(2000);
		expect([b.delivered, b.dropped, b.senders.size]).toEqual([[], ["unproven a"], { senders: 0, unproven: 0, heldBytes: 0 }]);
	});
});

describe("the memory of a node", () => {
	it("holds a limited number of processes that do not answer, and still hears a new one", () => {
		const wire = new Wire();
		const b = wire.node("b");
		const recordings = Array.from({ length: 300 }, (_, n) => {
			const one = wire.node(`n-${n}`);
			wire.remove(one);
			return { type: "INFO", data: one.sealed("INFO", "old", null) };
		});
		for (const recording of recordings) b.hear(recording);
		expect(b.senders.size.unproven).toBe(128);
		wire.advance(2000);
		expect(b.senders.size).toEqual({ senders: 0, unproven: 0, heldBytes: 0 });
		expect(b.dropped).toHaveLength(300);
		wire.node("a").say("INFO", "hello");
		expect(b.delivered).toEqual(["INFO hello"]);
	});
	it("forgets the process that was silent for longest, and takes no packet of it from before", () => {
		const wire = new Wire();
		const b = wire.node("b");
		const first = wire.node("first");
		first.say("REQ", "work", "b");
		const recorded = wire.recorded.filter(({ type }) => type === "REQ");
		for (let n = 0; n < 1100; n++) {
			wire.advance(10);
			const one = wire.node(`n-${n}`);
			one.say("REQ", "more", "b");
			wire.remove(one);
		}
		expect(b.senders.size.senders).toBe(1024);
		const { length } = b.delivered;
		for (const wired of recorded) b.hear(wired);
		expect(b.delivered).toHaveLength(length);
		wire.advance(10);
		first.say("REQ", "again", "b");
		expect(b.delivered.at(-1)).toBe("REQ again");
	});
});
