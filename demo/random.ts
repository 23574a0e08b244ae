/** Random - pseudo-random numbers that are the same for the same seed, so that a world and its day can be reproduced exactly. */

export interface Random {
	/** From 0 up to, but not including, 1. */
	next(): number;
	/** A whole number, both ends included. */
	integer(from: number, to: number): number;
	chance(probability: number): boolean;
	/** Throws a RangeError if the list is empty. */
	pick<T>(list: readonly T[]): T;
}

/** sfc32 by Chris Doty-Humphrey: small, fast, and with a period long enough for any day of traffic. */
export function seeded(seed: string): Random {
	let a = hash(`${seed}/a`);
	let b = hash(`${seed}/b`);
	let c = hash(`${seed}/c`);
	let counter = 1;
	const next = (): number => {
		const sum = (a + b + counter) | 0;
		counter = (counter + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = ((c << 21) | (c >>> 11)) + sum;
		return (sum >>> 0) / 0x1_0000_0000;
	};
	for (let round = 0; round < 12; round++) next(); // recommended by its author: the first numbers still depend visibly on the seed
	return {
		next,
		integer: (from, to) => from + Math.floor(next() * (to - from + 1)),
		chance: (probability) => next() < probability,
		pick: (list) => at(list, Math.floor(next() * list.length)),
	};
}

/** Returns a function that picks from a list by weight, with a binary search. */
export function byWeight<T>(list: readonly T[], weight: (item: T, rank: number) => number): (random: Random) => T {
	let sum = 0;
	const upTo = list.map((item, rank) => (sum += weight(item, rank)));
	return (random) => {
		const wanted = random.next() * sum;
		let low = 0;
		let high = upTo.length - 1;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (wanted < at(upTo, middle)) high = middle;
			else low = middle + 1;
		}
		return at(list, low);
	};
}

export function shuffled<T>(list: readonly T[], random: Random): T[] {
	return list
		.map((item) => ({ item, order: random.next() }))
		.toSorted((a, b) => a.order - b.order)
		.map(({ item }) => item);
}

/** FNV-1a, 32 bits, with a final mix: good enough for seeds and for distinguishing texts, but not secret. */
export function hash(text: string): number {
	let value = 0x811c9dc5;
	for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
	value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
	return (value ^ (value >>> 16)) >>> 0;
}

function at<T>(list: readonly T[], index: number): T {
	const item = list[index];
	if (item === undefined) throw new RangeError("there is nothing to pick from");
	return item;
}
