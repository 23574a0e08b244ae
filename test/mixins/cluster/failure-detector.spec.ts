/** FailureDetector - a silent node is pinged and is lost within seconds; a stopped or offline process does not lose all nodes. */
import { describe, expect, it } from "@jest/globals";
import { FailureDetector, LOST, SUSPECT } from "../../../mixins/cluster/failure-detector.ts";

const EVERY = 250;
/** Checks as often as a node does. */
class Watch {
	now = 0;
	connected = true;
	readonly detector = new FailureDetector(() => this.now);
	readonly #nodes: readonly string[];
	constructor(...nodes: readonly string[]) {
		this.#nodes = nodes;
	}
	/** Lets time pass while only these nodes are heard; returns when each of the others was first suspected (`b?`) and lost (`b`). */
	pass(milliseconds: number, ...heard: readonly string[]): Record<string, number> {
		const found: Record<string, number> = {};
		for (const end = this.now + milliseconds; this.now < end;) {
			this.now += EVERY;
			for (const node of heard) this.detector.heard(node);
			const { suspect, lost } = this.detector.check(this.#nodes, this.connected);
			for (const node of suspect) found[`${node}?`] ??= this.now;
			for (const node of lost) found[node] ??= this.now;
		}
		return found;
	}
}

describe("a node", () => {
	it("is pinged when it is silent, and lost when it does not answer", () => {
		const watch = new Watch("a", "b");
		expect(watch.pass(5000, "a", "b")).toEqual({});
		expect(watch.pass(5000, "a")).toEqual({ "b?": 5000 + SUSPECT, b: 5000 + LOST });
	});
	it("is kept as long as it answers", () => {
		const watch = new Watch("a");
		for (let n = 0; n < 10; n++) {
			expect(watch.pass(SUSPECT)).not.toHaveProperty("a");
			watch.pass(EVERY, "a");
		}
	});
	it("is not lost by a process that was itself stopped, before the node had time to be heard", () => {
		const watch = new Watch("a");
		watch.pass(1000, "a");
		watch.now += 60_000;
		expect(watch.pass(SUSPECT)).not.toHaveProperty("a");
		expect(watch.pass(LOST)).toHaveProperty("a");
	});
	it("is lost later by a node that is offline, and pinged at once after the reconnection", () => {
		const watch = new Watch("a");
		watch.pass(1000, "a");
		watch.connected = false;
		expect(watch.pass(5000)).toEqual({});
		watch.connected = true;
		watch.detector.suspectAll();
		expect(watch.pass(EVERY)).toEqual({ "a?": 6250 });
		watch.connected = false;
		expect(watch.pass(10_000)).toHaveProperty("a");
	});
});
