/**
 * Pulse - which of the other nodes are still there, by when each was heard last: who is silent is asked, and given up when no answer comes
 * either. A false alarm costs speed and nothing else, so it does not take long.
 */

/** Milliseconds of silence after which a node is asked, and after which it is given up. */
export const SUSPECT = 1000;
export const LOST = 2500;
/** Milliseconds after which a node is given up while this one has no connection itself: the silence is its own, as long as that is short. */
const LOST_ALONE = 6000;
/** Milliseconds between two looks that say that this node has not been running meanwhile. */
const ASLEEP = 1000;

export interface Found {
	readonly suspect: readonly string[];
	readonly lost: readonly string[];
}

export class Pulse {
	readonly #clock: () => number;
	readonly #heard = new Map<string, number>();
	#looked: number;

	/** `clock`: milliseconds, never set back. */
	constructor(clock: () => number) {
		this.#clock = clock;
		this.#looked = clock();
	}
	heard(node: string): void {
		this.#heard.set(node, this.#clock());
	}
	/** Whether it has not been heard for a while. */
	silent(node: string): boolean {
		return this.#clock() - (this.#heard.get(node) ?? -Infinity) >= SUSPECT;
	}
	/** There was no connection: each has to be asked whether it is still there. */
	again(): void {
		for (const node of this.#heard.keys()) this.#heard.set(node, this.#clock() - SUSPECT);
	}

	/** Called again and again, with those that are thought to be there. */
	look(nodes: readonly string[], connected: boolean): Found {
		const now = this.#clock();
		const slept = now - this.#looked > ASLEEP; // what they have said meanwhile is still to be heard
		this.#looked = now;
		for (const node of [...this.#heard.keys()]) if (!nodes.includes(node)) this.#heard.delete(node);
		for (const node of nodes) if (slept || !this.#heard.has(node)) this.#heard.set(node, now);
		const silent = (milliseconds: number) => nodes.filter((node) => now - (this.#heard.get(node) ?? now) >= milliseconds);
		const lost = silent(connected ? LOST : LOST_ALONE);
		return { suspect: connected ? silent(SUSPECT).filter((node) => !lost.includes(node)) : [], lost };
	}
}
