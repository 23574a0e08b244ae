/** Random - a seeded random generator, so that a failing test can be repeated. */
export class Dice {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** Between 0 and 1, 1 excluded (mulberry32). */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number, both ends included. */
	int(low: number, high: number): number {
		return low + Math.floor(this.next() * (high - low + 1));
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	pick<T>(list: readonly T[]): T {
		const item = list[this.int(0, list.length - 1)];
		if (item === undefined) throw new Error("nothing to pick from");
		return item;
	}

	shuffle<T>(list: readonly T[]): T[] {
		return list
			.map((item) => ({ item, at: this.next() }))
			.sort((one, other) => one.at - other.at)
			.map(({ item }) => item);
	}

	/** Instants of different milliseconds between two instants, earliest first. */
	instants(count: number, low: string, high: string): string[] {
		const chosen = new Set<number>();
		while (chosen.size < count) chosen.add(this.int(Date.parse(low), Date.parse(high)));
		return [...chosen].sort((one, other) => one - other).map((at) => new Date(at).toISOString());
	}
}
