/**
 * BoundedCache - a cache of two maps. When the young map is full, it replaces the old one; entries that are read move to the young map, so
 * that entries in use survive. It holds at most twice `size` entries.
 */
export class BoundedCache<V> {
	readonly #size: number;
	#young = new Map<string, V>();
	#old = new Map<string, V>();

	constructor(size: number) {
		this.#size = size;
	}

	get size(): number {
		return this.#young.size + this.#old.size;
	}

	has(key: string): boolean {
		return this.#young.has(key) || this.#old.has(key);
	}

	get(key: string): V | undefined {
		const young = this.#young.get(key);
		if (young !== undefined) return young;
		const old = this.#old.get(key);
		if (old !== undefined) this.set(key, old);
		return old;
	}

	set(key: string, value: V): void {
		if (this.#young.size >= this.#size) {
			this.#old = this.#young;
			this.#young = new Map();
		}
		this.#young.set(key, value);
	}

	delete(key: string): void {
		this.#young.delete(key);
		this.#old.delete(key);
	}

	clear(): void {
		this.#young = new Map();
		this.#old = new Map();
	}
}
