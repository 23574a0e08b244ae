/**
 * Seal - the format of a sealed message between nodes: AES-256-GCM under a key of the sending process, which is derived from the cluster key
 * and a random epoch. The nonce contains a time and a number that rises, so it never repeats under that key. The type of the packet, the
 * installation, the sender and the receiver are additional data: a message opens only as what it was sent.
 *
 *   1 byte     version
 *   1 byte     0 for all nodes, 1 for one receiver
 *   12 bytes   nonce: 6 bytes time (ms of the sender's monotonic clock), 6 bytes number
 *   16 bytes   epoch of the sender
 *   1 byte     length of the sender's name, followed by the name
 *   ...        encrypted message, followed by 16 bytes tag
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { BoundedCache } from "../common/bounded-cache.ts";

const ALGORITHM = "aes-256-gcm";
const VERSION = 1;
const TAG = 16;
const GCM = { authTagLength: TAG };
const [FOR, TIME, NUMBER, EPOCH, LENGTH, NAME] = [1, 2, 8, 14, 30, 31];
const LONGEST_NAME = 255;
const [ALL, ONE] = [0, 1];
const ADDRESSES = 1024;

/** Data that a packet is bound to, besides its sender. */
export interface Address {
	readonly type: string;
	/** The receiving node; null for all nodes. */
	readonly receiver: string | null;
	/** Empty before the node knows it. */
	readonly installation: string;
}
const additional = ({ type, receiver, installation }: Address, sender: string): Buffer =>
	Buffer.from(`vigie\0${installation}\0${sender}\0${receiver === null ? "all" : `one\0${receiver}`}\0${type}`);
const derived = (key: KeyObject, epoch: Uint8Array): KeyObject =>
	createSecretKey(Buffer.from(hkdfSync("sha256", key, epoch, "vigie packets", 32)));

/** Seals the messages of this process. */
export class Sealer {
	/** Bytes that sealing adds to a message. */
	readonly overhead: number;
	/** Identifies the sender and its epoch in every message of this process. */
	readonly id: string;
	readonly epoch = randomBytes(LENGTH - EPOCH);
	readonly #sender: string;
	readonly #key: KeyObject;
	readonly #clock: () => number;
	/** The header; each message changes and copies it. */
	readonly #head: Buffer;
	readonly #nonce: Buffer;
	/** Additional data by address: a node sends to the same few addresses. */
	readonly #additional = new BoundedCache<Buffer>(ADDRESSES);
	#number = 0;

	/** `clock`: milliseconds of a monotonic clock. Throws if the name of the sender is too long. */
	constructor(key: KeyObject, sender: string, clock: () => number) {
		const name = Buffer.from(sender);
		if (name.length > LONGEST_NAME) throw new Error(`The name of the node ${sender} is longer than ${LONGEST_NAME} bytes`);
		this.#sender = sender;
		this.#key = derived(key, this.epoch);
		this.#clock = clock;
		this.#head = Buffer.concat([Buffer.alloc(EPOCH, VERSION), this.epoch, Buffer.of(name.length), name]);
		this.#nonce = this.#head.subarray(TIME, EPOCH);
		this.id = this.#head.toString("latin1", EPOCH);
		this.overhead = this.#head.length + TAG;
	}

	seal(address: Address, message: Uint8Array): Buffer {
		const head = this.#head;
		head[FOR] = address.receiver === null ? ALL : ONE;
		head.writeUIntBE(Math.floor(this.#clock()), TIME, NUMBER - TIME);
		head.writeUIntBE(++this.#number, NUMBER, EPOCH - NUMBER);
		const cipher = createCipheriv(ALGORITHM, this.#key, this.#nonce, GCM);
		cipher.setAAD(this.#additionalOf(address));
		const body = cipher.update(message);
		cipher.final();
		const sealed = Buffer.allocUnsafe(head.length + body.length + TAG);
		sealed.set(head);
		sealed.set(body, head.length);
		sealed.set(cipher.getAuthTag(), head.length + body.length);
		return sealed;
	}
	#additionalOf(address: Address): Buffer {
		const { type, receiver, installation } = address;
		const key = receiver === null ? `${type} ${installation}` : `${type} ${installation} ${receiver}`;
		const known = this.#additional.get(key);
		if (known) return known;
		const made = additional(address, this.#sender);
		this.#additional.set(key, made);
		return made;
	}
}

/** A sealed message whose content is not known yet: nothing in it can be trusted before it has been opened. */
export class Sealed {
	readonly #data: Buffer;
	readonly #end: number;
	/** Sender and epoch. */
	readonly id: string;

	private constructor(data: Buffer, end: number) {
		this.#data = data;
		this.#end = end;
		this.id = data.toString("latin1", EPOCH, end);
	}
	/** Null if the bytes are no sealed message. */
	static in(data: Buffer): Sealed | null {
		const end = NAME + (data[LENGTH] ?? 0);
		return data[0] === VERSION && (data[FOR] === ALL || data[FOR] === ONE) && data.length >= end + TAG ? new Sealed(data, end) : null;
	}
	get sender(): string {
		return this.#data.toString("utf8", NAME, this.#end);
	}
	get epoch(): Buffer {
		return this.#data.subarray(EPOCH, LENGTH);
	}
	get isForAll(): boolean {
		return this.#data[FOR] === ALL;
	}
	/** Milliseconds of the sender's monotonic clock. */
	get time(): number {
		return this.#data.readUIntBE(TIME, NUMBER - TIME);
	}
	get number(): number {
		return this.#data.readUIntBE(NUMBER, EPOCH - NUMBER);
	}
	/** The key of the sender, if it has this cluster key. */
	keyUnder(clusterKey: KeyObject): KeyObject {
		return derived(clusterKey, this.epoch);
	}
	/** The message; null if it was not sealed with this key for this address. */
	open(key: KeyObject, additionalData: Buffer): Buffer | null {
		const data = this.#data;
		const tag = data.length - TAG;
		try {
			const decipher = createDecipheriv(ALGORITHM, key, data.subarray(TIME, EPOCH), GCM);
			decipher.setAAD(additionalData);
			decipher.setAuthTag(data.subarray(tag));
			const message = decipher.update(data.subarray(this.#end, tag));
			decipher.final();
			return message;
		} catch {
			return null;
		}
	}
	/** `address`: as this node knows it; the receiver is its own name, which does not count if the message is for all nodes. */
	additional(address: Address): Buffer {
		return additional(this.isForAll ? { ...address, receiver: null } : address, this.sender);
	}
}
