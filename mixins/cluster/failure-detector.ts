/**
 * Failure detector - decides which of the other nodes are still there, from when each was last heard. A node that is silent is pinged, and
 * given up when it does not answer. A false alarm only costs speed, so the timeouts are short.
 */

/** Milliseconds of silence after which a node is pinged, and after which it is given up. */
export const SUSPECT = 1000;
export const LOST = 2500;
/** Milliseconds after which a node is given up while this node has no connection: the silence is then its own. */
const LOST_OFFLINE = 6000;
/** A longer pause between two checks means that this process was stopped, in milliseconds. */
const STOPPED = 1000;

export interface Silent {
	/** Nodes to ping. */
	readonly suspect: readonly string[];
	/** Nodes to give up. */
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
	isSilent(node: string): boolean {
		return this.#clock() - (this.#heard.get(node) ?? -Infinity) >= SUSPECT;
	}
	/** Makes the next check ping every node, because the connection was down. */
	suspectAll(): void {
		for (const node of this.#heard.keys()) this.#heard.set(node, this.#clock() - SUSPECT);
	}

	/** Called periodically with the nodes that are believed to be there. */
	check(nodes: readonly string[], connected: boolean): Silent {
		const now = this.#clock();
		const stopped = now - this.#checked > STOPPED; // messages that arrived meanwhile are still unread
		this.#checked = now;
		for (const node of [...this.#heard.keys()]) if (!nodes.includes(node)) this.#heard.delete(node);
		for (const node of nodes) if (stopped || !this.#heard.has(node)) this.#heard.set(node, now);
		const silentFor = (milliseconds: number) => nodes.filter((node) => now - (this.#heard.get(node) ?? now) >= milliseconds);
		const lost = silentFor(connected ? LOST : LOST_OFFLINE);
		return { suspect: connected ? silentFor(SUSPECT).filter((node) => !lost.includes(node)) : [], lost };
	}
}
