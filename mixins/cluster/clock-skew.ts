/**
 * Clock skew - how far the wall clocks of the other nodes are from this node's clock, measured on heartbeats. No decision depends on it, but
 * instants in facts come from the node that took the request, so operators need to know.
 */

/** Heartbeats per node that are kept: the fastest of them gives the best estimate. */
const HEARTBEATS = 10;
/** Milliseconds of skew that are tolerated. */
export const TOLERATED = 1000;

export class ClockSkew {
	/** Per node, our clock at the arrival of each recent heartbeat minus the clock of the sender. */
	readonly #delays = new Map<string, readonly number[]>();

	heartbeat(node: string, delay: number): void {
		this.#delays.set(node, [...(this.#delays.get(node) ?? []), delay].slice(-HEARTBEATS));
	}
	forget(node: string): void {
		this.#delays.delete(node);
	}
	/** Milliseconds by which the clock of each node is ahead of ours, for nodes with enough heartbeats. */
	get offsets(): ReadonlyMap<string, number> {
		return new Map(
			[...this.#delays].flatMap(([node, delays]) => (delays.length < HEARTBEATS ? [] : [[node, -Math.min(...delays)] as const])),
		);
	}
	/** The largest skew in milliseconds, in either direction. */
	get largest(): number {
		return Math.max(0, ...[...this.offsets.values()].map(Math.abs));
	}
	/** A sentence that names the clocks to correct; null while all agree. */
	get warning(): string | null {
		const { offsets } = this;
		const skewed = [...offsets].filter(([, offset]) => Math.abs(offset) > TOLERATED);
		const [first] = skewed;
		if (!first) return null;
		const sameDirection = new Set(skewed.map(([, offset]) => offset > 0)).size === 1;
		if (skewed.length > 1 && skewed.length > offsets.size / 2 && sameDirection)
			return `the clock of this node is ${text(-first[1])} those of the others`;
		return skewed.map(([node, offset]) => `the clock of ${node} is ${text(offset)} this node's`).join(", ");
	}
}
const text = (offset: number): string => `${(Math.abs(offset) / 1000).toFixed(1)} s ${offset > 0 ? "ahead of" : "behind"}`;
