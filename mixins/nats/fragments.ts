/**
 * Fragments - splits a message that exceeds the payload limit of the transport, and reassembles it. Fragments of one sender arrive in order
 * or not at all, so a gap discards the message immediately.
 */
import type { Timers } from "../common/timers.ts";

/** Maximal size of a message in bytes. */
export const MAX_MESSAGE = 64 * 1024 * 1024;
/** Limits of incomplete messages: bytes and number per sender, and bytes of all senders. */
const MAX_PER_SENDER = MAX_MESSAGE;
const MAX_INCOMPLETE = 16;
const MAX_TOTAL = 4 * MAX_MESSAGE;
/** Milliseconds after the last fragment at which an incomplete message is discarded. */
const TIMEOUT = 30_000;

/** First byte of a fragment; a complete message is JSON. */
const MARK = 0x1f;
/** Bytes of the mark, message number, message length, offset and the length of the sender's name. */
const HEADER = 1 + 4 + 4 + 4 + 1;

interface Fragment {
	readonly sender: string;
	readonly number: number;
	/** Length of the whole message. */
	readonly length: number;
	readonly offset: number;
	readonly bytes: Buffer;
}

export const isFragment = (data: Buffer): boolean => data[0] === MARK;

/** Splits a message into fragments of at most `maxSize` bytes. */
export function* fragmentsOf(message: Buffer, sender: string, number: number, maxSize: number): Generator<Buffer> {
	const name = Buffer.from(sender);
	const room = maxSize - HEADER - name.length;
	for (let offset = 0; offset < message.length; offset += room) {
		const header = Buffer.alloc(HEADER);
		header.writeUInt8(MARK, 0);
		header.writeUInt32BE(number, 1);
		header.writeUInt32BE(message.length, 5);
		header.writeUInt32BE(offset, 9);
		header.writeUInt8(name.length, 13);
		yield Buffer.concat([header, name, message.subarray(offset, offset + room)]);
	}
}
/** Null for malformed bytes. */
function parse(data: Buffer): Fragment | null {
	if (data.length < HEADER) return null;
	const end = HEADER + data.readUInt8(13);
	if (data.length <= end) return null;
	return {
		sender: data.toString("utf8", HEADER, end),
		number: data.readUInt32BE(1),
		length: data.readUInt32BE(5),
		offset: data.readUInt32BE(9),
		bytes: data.subarray(end),
	};
}

interface Incomplete {
	readonly sender: string;
	readonly length: number;
	readonly parts: Buffer[];
	received: number;
	cancelTimeout: () => void;
}

export class Reassembly {
	readonly #timers: Pick<Timers, "later">;
	readonly #incomplete = new Map<string, Incomplete>();

	constructor(timers: Pick<Timers, "later">) {
		this.#timers = timers;
	}
	/** Bytes of all incomplete messages. */
	get size(): number {
		return this.#sum(() => true);
	}

	/** Returns the message that this fragment completes, else null. `command`: the type of packet. */
	add(command: string, data: Buffer): Buffer | null {
		const fragment = parse(data);
		if (!fragment || fragment.length > MAX_MESSAGE) return null;
		const key = `${command} ${fragment.number} ${fragment.sender}`;
		const message = fragment.offset === 0 ? this.#begin(key, fragment) : this.#incomplete.get(key);
		if (!message) return null;
		if (!isNext(message, fragment) || !this.#hasRoom(fragment)) return this.#discard(key);
		message.parts.push(fragment.bytes);
		message.received += fragment.bytes.length;
		message.cancelTimeout();
		if (message.received < message.length) {
			message.cancelTimeout = this.#timers.later(TIMEOUT, () => this.#discard(key));
			return null;
		}
		this.#incomplete.delete(key);
		return Buffer.concat(message.parts);
	}
	/** Discards the incomplete messages of a sender. */
	forget(sender: string): void {
		for (const [key, message] of this.#incomplete) if (message.sender === sender) this.#discard(key);
	}

	#begin(key: string, { sender, length }: Fragment): Incomplete {
		this.#discard(key);
		const [oldest, ...others] = [...this.#incomplete].filter(([, message]) => message.sender === sender);
		if (oldest && others.length + 1 >= MAX_INCOMPLETE) this.#discard(oldest[0]);
		const message: Incomplete = { sender, length, parts: [], received: 0, cancelTimeout: () => undefined };
		this.#incomplete.set(key, message);
		return message;
	}
	#hasRoom({ sender, bytes }: Fragment): boolean {
		const ofSender = this.#sum((message) => message.sender === sender);
		return ofSender + bytes.length <= MAX_PER_SENDER && this.size + bytes.length <= MAX_TOTAL;
	}
	#sum(counts: (message: Incomplete) => boolean): number {
		let sum = 0;
		for (const message of this.#incomplete.values()) if (counts(message)) sum += message.received;
		return sum;
	}
	#discard(key: string): null {
		this.#incomplete.get(key)?.cancelTimeout();
		this.#incomplete.delete(key);
		return null;
	}
}

const isNext = ({ received, length }: Incomplete, fragment: Fragment): boolean =>
	fragment.offset === received && fragment.length === length && fragment.offset + fragment.bytes.length <= length;
