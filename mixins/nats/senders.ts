/**
 * Senders - opens the packets of other nodes, each once. A new process has to prove that it runs before its packets are delivered: a recorded
 * packet of a process that has ended opens, but nothing answers for it. The answer also shows how the clock of the sender relates to the
 * start of this node, so that packets from before that start are dropped. No wall clock is involved.
 */
import { type KeyObject, randomBytes } from "node:crypto";
import type { Timers } from "../common/timers.ts";
import type { ClusterKeys } from "./cluster-keys.ts";
import type { Reason } from "./dropped-packets.ts";
import { ReplayWindow } from "./replay-window.ts";
import { Sealed, type Sealer } from "./seal.ts";

/** The type of packets that ask for a proof, and of those that give it. */
export const PROOF = "proof";
const [QUESTION, ANSWER] = [0, 1];
const CHALLENGE = 16;
/** Milliseconds within which a process has to prove that it runs. */
const PROVEN_WITHIN = 2000;
/** Packets contain whole milliseconds. */
const ROUNDING = 1;
/** Limits: senders that are remembered, those of them that have yet to prove that they run, and bytes of their packets. */
const MAX_SENDERS = 1024;
const MAX_UNPROVEN = 128;
const MAX_HELD = 64 * 1024 * 1024;

/** The connection of this node, as far as it is used here. */
export interface Line {
	readonly node: string;
	readonly installation: () => string;
	deliver(type: string, message: Buffer): unknown;
	/** Sends a packet of the type `proof`. */
	send(receiver: string, message: Buffer): void;
	dropped(reason: Reason, sender: string): void;
}
interface Held {
	readonly type: string;
	readonly message: Buffer;
	readonly time: number;
}
interface Sender {
	readonly id: string;
	readonly name: string;
	readonly key: KeyObject;
	readonly window: ReplayWindow;
	/** Additional data of its packets, by type and whether the packet is for all nodes. */
	readonly additional: Map<string, Buffer>;
	readonly challenge: Buffer;
	readonly held: Held[];
	/** On its clock, the time at which this node started; null until it has proved that it runs. */
	started: number | null;
	/** On the clock of this node. */
	lastUsed: number;
	cancelTimeout: () => void;
}

export class Senders {
	readonly #keys: ClusterKeys;
	readonly #self: Pick<Sealer, "id" | "epoch">;
	readonly #line: Line;
	readonly #clock: () => number;
	readonly #timers: Pick<Timers, "later">;
	readonly #senders = new Map<string, Sender>();
	#began = 0;
	#unproven = 0;
	#heldBytes = 0;

	/** `clock`: milliseconds of a monotonic clock. */
	constructor(keys: ClusterKeys, self: Pick<Sealer, "id" | "epoch">, line: Line, clock: () => number, timers: Pick<Timers, "later">) {
		this.#keys = keys;
		this.#self = self;
		this.#line = line;
		this.#clock = clock;
		this.#timers = timers;
	}
	/** Packets from before this moment are not accepted. Call it when this node holds its name, before it subscribes. */
	begin(): void {
		this.#began = this.#clock();
	}
	/** Number of processes that are remembered, and bytes of packets that wait for a proof. */
	get size(): { readonly senders: number; readonly unproven: number; readonly heldBytes: number } {
		return { senders: this.#senders.size, unproven: this.#unproven, heldBytes: this.#heldBytes };
	}

	/** Delivers a packet, at once or when its sender has proved that it runs, or drops it. Never throws, unless `deliver` does. */
	receive(type: string, data: Buffer): unknown {
		const sealed = Sealed.in(data);
		if (!sealed) return this.#line.dropped("unopened", "");
		if (sealed.id === this.#self.id) return undefined; // a packet of this node for all nodes
		const known = this.#senders.get(sealed.id);
		const sender = known ?? this.#senderOf(sealed, type);
		const message = sender && sealed.open(sender.key, additionalOf(sender, type, sealed, this.#line));
		if (!sender || !message) return this.#line.dropped("unopened", sealed.sender);
		if (type === PROOF) return this.#proof(sealed, known, message);
		if (!sender.window.take(sealed.number)) return this.#line.dropped("replayed", sender.name);
		if (sender.started === null) return this.#hold(sender, { type, message, time: sealed.time }, !known);
		if (sealed.time < sender.started) return this.#line.dropped("replayed", sender.name);
		sender.lastUsed = this.#clock();
		return this.#line.deliver(type, message);
	}
	/** The message in an answer outside packets, such as the holder of a name; null if no key opens it. */
	openOnce(type: string, installation: string, data: Buffer): Buffer | null {
		const sealed = Sealed.in(data);
		if (!sealed) return null;
		const additional = sealed.additional({ type, installation, receiver: this.#line.node });
		for (const key of this.#keys) {
			const message = sealed.open(sealed.keyUnder(key), additional);
			if (message) return message;
		}
		return null;
	}

	/** A sender that was not known, under the cluster key that opens its packet. */
	#senderOf(sealed: Sealed, type: string): Sender | null {
		for (const clusterKey of this.#keys) {
			const sender: Sender = {
				id: sealed.id,
				name: sealed.sender,
				key: sealed.keyUnder(clusterKey),
				window: new ReplayWindow(),
				additional: new Map(),
				challenge: randomBytes(CHALLENGE),
				held: [],
				started: null,
				lastUsed: this.#clock(),
				cancelTimeout: () => undefined,
			};
			if (sealed.open(sender.key, additionalOf(sender, type, sealed, this.#line))) return sender;
		}
		return null;
	}

	#hold(sender: Sender, held: Held, isNew: boolean): void {
		const isFull = (isNew && this.#unproven >= MAX_UNPROVEN) || this.#heldBytes + held.message.length > MAX_HELD;
		if (isFull) return this.#line.dropped("unproven", sender.name);
		sender.held.push(held);
		this.#heldBytes += held.message.length;
		if (!isNew) return;
		this.#makeRoom();
		this.#senders.set(sender.id, sender);
		this.#unproven++;
		sender.cancelTimeout = this.#timers.later(PROVEN_WITHIN, () => this.#giveUp(sender));
		const epoch = Buffer.from(sender.id, "latin1").subarray(0, this.#self.epoch.length);
		this.#line.send(sender.name, Buffer.concat([Buffer.of(QUESTION), epoch, sender.challenge]));
	}
	/** Answers a question, which proves nothing about its sender; or completes the proof of a sender. */
	#proof(sealed: Sealed, known: Sender | undefined, message: Buffer): void {
		const epoch = message.subarray(1, 1 + this.#self.epoch.length);
		if (message[0] === QUESTION && epoch.equals(this.#self.epoch))
			this.#line.send(sealed.sender, Buffer.concat([Buffer.of(ANSWER), message.subarray(1 + epoch.length)]));
		if (message[0] === ANSWER && known?.started === null && message.subarray(1).equals(known.challenge)) this.#prove(known, sealed.time);
	}
	/** `time`: that of the answer. The sender's clock showed it after this node had asked, so the start may come out early by the time of its way. */
	#prove(sender: Sender, time: number): void {
		sender.started = time - (this.#clock() - this.#began) - ROUNDING;
		for (const { type, message, time: sent } of this.#release(sender))
			if (sent < sender.started) this.#line.dropped("replayed", sender.name);
			else this.#line.deliver(type, message);
	}
	#giveUp(sender: Sender): void {
		this.#senders.delete(sender.id);
		for (const _ of this.#release(sender)) this.#line.dropped("unproven", sender.name);
	}
	#release(sender: Sender): readonly Held[] {
		sender.cancelTimeout();
		this.#unproven--;
		const held = sender.held.splice(0);
		for (const { message } of held) this.#heldBytes -= message.length;
		return held;
	}

	/** Forgets the sender that was silent for longest. What it sent until now would then be new again, so the start of this node moves. */
	#makeRoom(): void {
		if (this.#senders.size < MAX_SENDERS) return;
		const proven = [...this.#senders.values()].filter(({ started }) => started !== null);
		const [oldest] = proven.toSorted((one, other) => one.lastUsed - other.lastUsed);
		if (oldest) this.#senders.delete(oldest.id);
		this.#began = this.#clock();
	}
}

function additionalOf(sender: Sender, type: string, sealed: Sealed, { node, installation }: Line): Buffer {
	const key = sealed.isForAll ? `${type}*` : type;
	const known = sender.additional.get(key);
	if (known) return known;
	const additional = sealed.additional({ type, receiver: node, installation: installation() });
	sender.additional.set(key, additional);
	return additional;
}
