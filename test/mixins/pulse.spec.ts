/** Which nodes are missed, and when: those that are silent, soon, and asked before; never all of them because this node has slept or lost its connection. */
import { describe, expect, it } from "@jest/globals";
import { LOST, Pulse, SUSPECT } from "../../mixins/pulse.ts";

const EVERY = 250;
/** Looks as often as a node does. */
class Watch {
	now = 0;
	connected = true;
	readonly #pulse = new Pulse(() => this.now);
	readonly #nodes: readonly string[];
	constructor(...nodes: readonly string[]) {
		this.#nodes = nodes;
	}
	/** For so long, hearing only these; when each of the others was first suspected, and lost. */
	pass(milliseconds: number, ...heard: readonly string[]): Record<string, number> {
		const found: Record<string, number> = {};
		for (const end = this.now + milliseconds; this.now < end;) {
			this.now += EVERY;
			for (const node of heard) this.#pulse.heard(node);
			const { suspect, lost } = this.#pulse.look(this.#nodes, this.connected);
			for (const node of suspect) found[`${node}?`] ??= this.now;
			for (const node of lost) found[node] ??= this.now;
		}
		return found;
	}
	again(): void {
		this.#pulse.again();
	}
}

describe("a node", () => {
	it("is asked when it is silent, and missed when it does not answer either", () => {
		const watch = new Watch("a", "b");
		expect(watch.pass(5000, "a", "b")).toEqual({});
		expect(watch.pass(5000, "a")).toEqual({ "b?": 5000 + SUSPECT, b: 5000 + LOST });
	});
	it("is not missed as long as it answers", () => {
		const watch = new Watch("a");
		for (let n = 0; n < 10; n++) {
			expect(watch.pass(SUSPECT)).not.toHaveProperty("a");
			watch.pass(EVERY, "a");
		}
	});
	it("is not missed by one that was asleep itself: it has to be heard first", () => {
		const watch = new Watch("a");
		watch.pass(1000, "a");
		watch.now += 60_000;
		expect(watch.pass(SUSPECT)).not.toHaveProperty("a");
		expect(watch.pass(LOST)).toHaveProperty("a");
	});
	it("is missed later by one that has no connection, and asked at once when it has again", () => {
		const watch = new Watch("a");
		watch.pass(1000, "a");
		watch.connected = false;
		expect(watch.pass(5000)).toEqual({});
		watch.connected = true;
		watch.again();
		expect(watch.pass(EVERY)).toEqual({ "a?": 6250 });
		watch.connected = false;
		expect(watch.pass(10_000)).toHaveProperty("a");
	});
});
