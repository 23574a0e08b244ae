/**
 * Skews - how far the wall clocks of other nodes are from this one's, by what they show on their heartbeats. Nothing is decided by it; but
 * instants in facts are those of the node that took the request, so somebody should know.
 */

/** Heartbeats it is told by: the one that was on its way for the shortest time tells it best. */
const HEARTBEATS = 10;
/** Milliseconds that are more than clocks that are kept together differ. */
export const TOLERATED = 1000;

export class Skews {
	/** By node, how far behind ours each of its last heartbeats made it look. */
	readonly #behind = new Map<string, readonly number[]>();

	/** `behind`: our clock at its arrival less what it says. */
	heard(node: string, behind: number): void {
		this.#behind.set(node, [...(this.#behind.get(node) ?? []), behind].slice(-HEARTBEATS));
	}
	forget(node: string): void {
		this.#behind.delete(node);
	}
	/** Milliseconds by which the clock of each is ahead of ours, where enough of its heartbeats were heard. */
	get all(): ReadonlyMap<string, number> {
		return new Map([...this.#behind].flatMap(([node, seen]) => (seen.length < HEARTBEATS ? [] : [[node, -Math.min(...seen)] as const])));
	}
	/** Milliseconds between our clock and the one that differs most from it. */
	get widest(): number {
		return Math.max(0, ...[...this.all.values()].map(Math.abs));
	}
	/** What is to be put right; null while clocks agree. */
	get complaint(): string | null {
		const { all } = this;
		const apart = [...all].filter(([, ahead]) => Math.abs(ahead) > TOLERATED);
		if (apart.length === 0) return null;
		const own = apart.length > 1 && apart.length > all.size / 2 && new Set(apart.map(([, ahead]) => ahead > 0)).size === 1;
		const [[, ahead] = ["", 0]] = apart;
		if (own) return `the clock of this node is ${told(-ahead)} those of the others`;
		return apart.map(([node, by]) => `the clock of ${node} is ${told(by)} this node's`).join(", ");
	}
}
const told = (ahead: number): string => `${(Math.abs(ahead) / 1000).toFixed(1)} s ${ahead > 0 ? "ahead of" : "behind"}`;
