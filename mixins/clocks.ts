/**
 * Clocks - what the clocks of two nodes have to do with each other. How long ago another node sent something is told by clocks that nobody
 * sets, compared over a question and its answer: it may be told too long by the time that took, never too short. How far the wall clocks
 * are apart decides nothing; it is told to whoever has to put them right.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import { Skews } from "./skews.ts";
import { within } from "./within.ts";

/** When something was sent, by the clock of the process that sent it. */
export interface Stamp {
	readonly by: string;
	readonly at: number;
}
/** A question to a node: when it was sent by our clock, and what its own clock showed at some moment after that. */
interface Compared {
	readonly by: string;
	readonly mine: number;
	readonly theirs: number;
	/** Milliseconds until the answer was here. */
	readonly took: number;
}
/** How old a comparison may become before there is a new one, and before it is none, in milliseconds: clocks go apart by some 0.1 ms a second. */
const RENEWED = 10_000;
const FORGOTTEN = 60_000;
/** How long a node may take to answer, in milliseconds. */
const PATIENCE = 1000;

export class Clocks {
	readonly skews = new Skews();
	readonly #clock: () => number;
	readonly #ask: (node: string) => Promise<Pick<Compared, "by" | "theirs"> | null>;
	readonly #compared = new Map<string, Compared>();
	readonly #asking = new Map<string, Promise<void>>();

	/** `clock`: milliseconds, never set back; `ask`: what a node's own clock shows, null where it does not answer. */
	constructor(clock: () => number, ask: (node: string) => Promise<Pick<Compared, "by" | "theirs"> | null>) {
		this.#clock = clock;
		this.#ask = ask;
	}
	stamp(by: string): Stamp {
		return { by, at: this.#clock() };
	}
	/** Milliseconds since another node sent something, at the most; null where its clock cannot be compared. */
	async ageOf(node: string, stamp: Stamp): Promise<number | null> {
		const known = this.#known(node, stamp);
		if (!known) await this.#compare(node);
		else if (this.#clock() - known.mine > RENEWED) void this.#compare(node);
		const compared = known ?? this.#known(node, stamp);
		return compared ? Math.max(0, this.#clock() - compared.mine - (stamp.at - compared.theirs)) : null;
	}
	forget(node: string): void {
		this.#compared.delete(node);
		this.skews.forget(node);
	}

	/** As long as it is the same process, and not too long ago. */
	#known(node: string, { by }: Stamp): Compared | undefined {
		const known = this.#compared.get(node);
		return known?.by === by && this.#clock() - known.mine < FORGOTTEN ? known : undefined;
	}
	/** Whoever needs it at the same time waits for the same answer; the closest of the last ones holds. */
	#compare(node: string): Promise<void> {
		const asking = this.#asking.get(node) ?? this.#fresh(node).finally(() => this.#asking.delete(node));
		this.#asking.set(node, asking);
		return asking;
	}
	async #fresh(node: string): Promise<void> {
		const mine = this.#clock();
		const answer = await this.#ask(node);
		if (!answer) return;
		const took = this.#clock() - mine;
		const before = this.#compared.get(node);
		const closer = before?.by === answer.by && before.took < took && mine - before.mine < FORGOTTEN / 2;
		if (!closer) this.#compared.set(node, { ...answer, mine, took });
	}
}

/** As much of a message between nodes as is used here. */
interface Packet {
	readonly type: string;
	readonly payload?: { readonly sender: string; readonly id?: string; at?: number; steady?: number; by?: string } | null;
}
type Publish = (packet: Packet) => Promise<unknown>;
type Hear = (command: string, packet: Packet) => Promise<unknown>;
const ANSWER = /^PONG$/;
const HEARTBEAT = /^HEARTBEAT$/;
const all = new WeakMap<ServiceBroker, Clocks>();
/** Those of a node among others; undefined for one alone. */
export const clocksOf = (broker: ServiceBroker): Clocks | undefined => all.get(broker);

/** Moleculer's own pings and heartbeats, each with one time more. */
export const ClocksMiddleware = (broker: ServiceBroker): Middleware => {
	const waiting = new Map<string, (answer: { by: string; theirs: number }) => void>();
	const ask = async (node: string) => {
		const id = broker.generateUid();
		const answered = new Promise<{ by: string; theirs: number }>((resolve) => waiting.set(id, resolve));
		await broker.transit?.sendPing(node, id);
		return within(PATIENCE, answered)
			.catch(() => null)
			.finally(() => waiting.delete(id));
	};
	const clocks = new Clocks(() => performance.now(), ask);
	all.set(broker, clocks);
	return {
		name: "Clocks",
		created: () =>
			void broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => clocks.forget(node.id)),
		transitPublish:
			(next: Publish): Publish =>
			(packet) => {
				if (packet.payload && ANSWER.test(packet.type)) Object.assign(packet.payload, { steady: performance.now(), by: broker.instanceID });
				if (packet.payload && HEARTBEAT.test(packet.type)) packet.payload.at = Date.now();
				return next(packet);
			},
		transitMessageHandler:
			(next: Hear): Hear =>
			(command, packet) => {
				const { sender, id = "", steady, by, at } = packet.payload ?? {};
				if (steady !== undefined && by !== undefined) waiting.get(id)?.({ by, theirs: steady });
				if (HEARTBEAT.test(command) && sender !== undefined && sender !== broker.nodeID && at !== undefined)
					clocks.skews.heard(sender, Date.now() - at);
				return next(command, packet);
			},
	} as unknown as Middleware; // moleculer's type has it answer with the outcome instead of a handler
};
