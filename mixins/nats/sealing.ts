/**
 * Sealing - seals every packet that a node sends to others, and opens those it receives (docs/decisions/0044-sealed-packets.md). A packet
 * that does not open is dropped and counted before anything reads it.
 */
import { nodeTimers } from "../common/timers.ts";
import type { ClusterKeys } from "./cluster-keys.ts";
import { DroppedPackets } from "./dropped-packets.ts";
import { Sealer } from "./seal.ts";
import { PROOF, Senders } from "./senders.ts";

/** Handles an opened packet. */
export type Deliver = (type: string, message: Buffer) => unknown;
export interface Ways {
	readonly node: string;
	/** Sends a sealed packet. */
	send(type: string, receiver: string, sealed: Buffer): void;
	warn(line: string): void;
}

export class Sealing {
	/** Empty until the node knows it. */
	installation = "";
	/** Set before the first packet arrives. */
	deliver: Deliver = () => undefined;
	readonly dropped: DroppedPackets;
	readonly #sealer: Sealer;
	readonly #senders: Senders;

	constructor(keys: ClusterKeys, { node, send, warn }: Ways) {
		const clock = (): number => performance.now();
		this.#sealer = new Sealer(keys[0], node, clock);
		this.dropped = new DroppedPackets(clock, warn);
		const line = {
			node,
			deliver: (type: string, message: Buffer) => this.deliver(type, message),
			installation: () => this.installation,
			send: (receiver: string, message: Buffer) => send(PROOF, receiver, this.seal(PROOF, receiver, message)),
			dropped: this.dropped.add.bind(this.dropped),
		};
		this.#senders = new Senders(keys, this.#sealer, line, clock, nodeTimers);
	}
	/** Bytes that sealing adds to a packet. */
	get overhead(): number {
		return this.#sealer.overhead;
	}
	/** This node holds its name in the installation. */
	enter(installation: string): void {
		this.installation = installation;
		this.#senders.begin();
	}

	/** `receiver`: null for all nodes. */
	seal(type: string, receiver: string | null, message: Uint8Array, installation = this.installation): Buffer {
		return this.#sealer.seal({ type, receiver, installation }, message);
	}
	/** Delivers the packet or drops it. */
	receive(type: string, data: Buffer): unknown {
		return this.#senders.receive(type, data);
	}
	/** The content of an answer that is no packet; null if it was not sealed for this type and installation. */
	open(type: string, data: Uint8Array, installation = this.installation): Buffer | null {
		return this.#senders.openOnce(type, installation, Buffer.from(data));
	}
}
