/**
 * CommandMemory - the commands that one actor has carried out, so that a repeated command gets the first answer (LAW 4). The latest are
 * kept with their answers; each older one as a hash and a version (16 bytes), with which the log is searched.
 */
import type { Done } from "./envelope.ts";

export interface Remembered {
	readonly id: string;
	readonly digest: string | undefined;
	readonly done: Done;
}

/** Commands kept with their answers. */
const RECENT = 64;

export class CommandMemory {
	readonly #recent = new Map<string, { readonly remembered: Remembered; readonly version: number }>();
	#hashes = new Float64Array(0);
	#versions = new Float64Array(0);
	#older = 0;
	/** Versions before this one are known. */
	#until = 0;
	/** The answer of the command that created the actor. */
	first: Done["answer"] = {};

	/** The command, if it is among the latest ones. */
	get(id: string): Remembered | undefined {
		return this.#recent.get(id)?.remembered;
	}

	/** Versions at which older commits may be of this command; usually none. */
	candidates(id: string): readonly number[] {
		const found: number[] = [];
		if (this.#older === 0) return found;
		const hash = hashOf(id);
		for (let i = this.#hashes.indexOf(hash); i >= 0 && i < this.#older; i = this.#hashes.indexOf(hash, i + 1))
			found.push(this.#versions[i] ?? 0);
		return found;
	}

	/** Adds a command that was decided at `version`; a known one changes nothing. */
	add(remembered: Remembered, version: number): void {
		if (version < this.#until) return;
		if (version === 0) this.first = remembered.done.answer;
		this.#until = remembered.done.version;
		this.#recent.set(remembered.id, { remembered, version });
		if (this.#recent.size <= RECENT) return;
		const [[id, oldest] = []] = this.#recent;
		if (id === undefined || oldest === undefined) return;
		this.#recent.delete(id);
		this.#keep(id, oldest.version);
	}

	#keep(id: string, version: number): void {
		if (this.#older === this.#hashes.length) {
			const size = Math.max(RECENT, this.#older * 2);
			[this.#hashes, this.#versions] = [grown(this.#hashes, size), grown(this.#versions, size)];
		}
		this.#hashes[this.#older] = hashOf(id);
		this.#versions[this.#older++] = version;
	}
}

function grown(of: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
	const more = new Float64Array(size);
	more.set(of);
	return more;
}

/** 52 bits, never 0: FNV-1a with two offsets. The log distinguishes commands with equal hashes. */
function hashOf(id: string): number {
	let [low, high] = [0x811c9dc5, 0x050c5d1f];
	for (let i = 0; i < id.length; i++) {
		low = Math.imul(low ^ id.charCodeAt(i), 0x01000193);
		high = Math.imul(high ^ id.charCodeAt(i), 0x01000193);
	}
	return (high & 0xfffff) * 2 ** 32 + (low >>> 0) + 1;
}
