/**
 * Failure detector - decides which other nodes are alive, from the time each was last heard. It pings a silent node, and counts it as lost
 * without an answer. A false alarm only costs speed, so the timeouts are short.
 */

/** Milliseconds of silence after which a node is pinged, and after which it is lost. */
export const SUSPECT = 1000;
export const LOST = 2500;
/** Milliseconds after which a node is lost while this node has no connection: then the silence may be its own fault. */
const LOST_OFFLINE = 6000;
/** A longer pause between two checks means that this process was suspended, in milliseconds. */
const STOPPED = 1000;

export interface Silent {
	/** Nodes to ping. */
	readonly suspect: readonly string[];
	/** Nodes that are lost. */
	readonly lost: readonly string[];
}

export class FailureDetector {
	readonly #clock: () => number;
	readonly #heard = new Map<string, number>();
	#checked: number;

	/** `clock`: milliseconds of a monotonic clock. */
	constructor(clock: () => number) {
		this.#clock = clock;
		this.#checked = clock();
	}
	heard(node: string): void {
		this.#heard.set(node, this.#clock());
	}
	/** Makes the next check ping every node, because the connection was down. */
	suspectAll(): void {
		for (const node of this.#heard.keys()) this.#heard.set(node, this.#clock() - SUSPECT);
	}

	/** Has to be called periodically with the nodes that count as alive. */
	check(nodes: readonly string[], connected: boolean): Silent {
		const now = this.#clock();
		const stopped = now - this.#checked > STOPPED; // messages that arrived during the pause are still unread
		this.#checked = now;
		for (const node of [...this.#heard.keys()]) if (!nodes.includes(node)) this.#heard.delete(node);
		for (const node of nodes) if (stopped || !this.#heard.has(node)) this.#heard.set(node, now);
		const silentFor = (milliseconds: number) => nodes.filter((node) => now - (this.#heard.get(node) ?? now) >= milliseconds);
		const lost = silentFor(connected ? LOST : LOST_OFFLINE);
		return { suspect: connected ? silentFor(SUSPECT).filter((node) => !lost.includes(node)) : [], lost };
	}
}
