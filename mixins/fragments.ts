/**
 * Fragments - a message that is larger than the transport takes, cut into parts that it takes, and put together again. A part says whose
 * it is, of which message, and where it belongs; parts of one sender arrive in order or not at all, so that one that is missing ends its
 * message at once.
 */
import type { Timers } from "./timers.ts";

/** Bytes of one message. */
export const MOST_BYTES = 64 * 1024 * 1024;
/** Bytes, and messages, of one sender that are not complete, and bytes of all senders. */
const MOST_OF_ONE = MOST_BYTES;
const MOST_BEGUN = 16;
const MOST_OF_ALL = 4 * MOST_BYTES;
/** How long a message waits for its next part, in milliseconds. */
const PATIENCE = 30_000;

/** The first byte of a part; a message that is whole begins with a brace. */
const MARK = 0x1f;
/** Mark, number of the message, its length, place of the part, length of the sender's name. */
const FIXED = 1 + 4 + 4 + 4 + 1;

interface Part {
	readonly sender: string;
	readonly number: number;
	readonly length: number;
	readonly from: number;
	readonly bytes: Buffer;
}

export const isPart = (data: Buffer): boolean => data[0] === MARK;

/** The parts of a message, none larger than `most` bytes. */
export function* partsOf(message: Buffer, sender: string, number: number, most: number): Generator<Buffer> {
	const name = Buffer.from(sender);
	const room = most - FIXED - name.length;
	for (let from = 0; from < message.length; from += room) {
		const head = Buffer.alloc(FIXED);
		head.writeUInt8(MARK, 0);
		head.writeUInt32BE(number, 1);
		head.writeUInt32BE(message.length, 5);
		head.writeUInt32BE(from, 9);
		head.writeUInt8(name.length, 13);
		yield Buffer.concat([head, name, message.subarray(from, from + room)]);
	}
}
function partIn(data: Buffer): Part | null {
	if (data.length < FIXED) return null;
	const end = FIXED + data.readUInt8(13);
	if (data.length <= end) return null;
	return {
		sender: data.toString("utf8", FIXED, end),
		number: data.readUInt32BE(1),
		length: data.readUInt32BE(5),
		from: data.readUInt32BE(9),
		bytes: data.subarray(end),
	};
}

interface Begun {
	readonly sender: string;
	readonly length: number;
	readonly parts: Buffer[];
	received: number;
	cancel: () => void;
}

export class Assembly {
	readonly #timers: Pick<Timers, "later">;
	readonly #begun = new Map<string, Begun>();

	constructor(timers: Pick<Timers, "later">) {
		this.#timers = timers;
	}
	/** Bytes of messages that are not complete. */
	get held(): number {
		return this.#sum(() => true);
	}

	/** The message that is complete with this part, else null. `kind`: what sort of message it is. */
	take(kind: string, data: Buffer): Buffer | null {
		const part = partIn(data);
		if (!part || part.length > MOST_BYTES) return null;
		const key = `${kind} ${part.number} ${part.sender}`;
		const begun = part.from === 0 ? this.#begin(key, part) : this.#begun.get(key);
		if (!begun) return null;
		const fits = part.from === begun.received && part.length === begun.length && part.from + part.bytes.length <= part.length;
		if (!fits || !this.#hasRoom(part)) return this.#drop(key);
		begun.parts.push(part.bytes);
		begun.received += part.bytes.length;
		begun.cancel();
		if (begun.received < begun.length) begun.cancel = this.#timers.later(PATIENCE, () => this.#drop(key));
		else this.#begun.delete(key);
		return begun.received < begun.length ? null : Buffer.concat(begun.parts);
	}
	/** Nothing more comes from it. */
	forget(sender: string): void {
		for (const [key, one] of this.#begun) if (one.sender === sender) this.#drop(key);
	}

	#begin(key: string, { sender, length }: Part): Begun {
		this.#drop(key);
		const own = [...this.#begun].filter(([, one]) => one.sender === sender);
		const [oldest] = own;
		if (oldest && own.length >= MOST_BEGUN) this.#drop(oldest[0]);
		const begun: Begun = { sender, length, parts: [], received: 0, cancel: () => undefined };
		this.#begun.set(key, begun);
		return begun;
	}
	#hasRoom({ sender, bytes }: Part): boolean {
		const own = this.#sum((one) => one.sender === sender);
		return own + bytes.length <= MOST_OF_ONE && this.held + bytes.length <= MOST_OF_ALL;
	}
	#sum(counts: (one: Begun) => boolean): number {
		let sum = 0;
		for (const one of this.#begun.values()) if (counts(one)) sum += one.received;
		return sum;
	}
	#drop(key: string): null {
		this.#begun.get(key)?.cancel();
		this.#begun.delete(key);
		return null;
	}
}
