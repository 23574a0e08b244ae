/**
 * Clocks - compares the clocks of two nodes. The age of a message is computed from monotonic clocks, which are compared with a ping: the
 * result may be too high by the time the ping took, never too low. Wall clocks are compared only to warn operators.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import { ClockSkew } from "./clock-skew.ts";
import { within } from "../common/within.ts";

/** An instant on the monotonic clock of a process. */
export interface Stamp {
	/** The instance ID of the process. */
	readonly by: string;
	readonly at: number;
}
/** The answer to a ping: the clock of the other process at some moment after the ping was sent. */
type Reading = Pick<Sample, "by" | "theirs">;
interface Sample {
	readonly by: string;
	/** Our clock when the ping was sent. */
	readonly mine: number;
	readonly theirs: number;
	readonly roundTrip: number;
}
/** Ages of a sample in milliseconds at which it is renewed, and at which it expires: monotonic clocks drift by up to 0.1 ms per second. */
const REFRESH = 10_000;
const EXPIRES = 60_000;
/** Timeout of a ping, in milliseconds. */
const PING_TIMEOUT = 1000;

export class Clocks {
	readonly skew = new ClockSkew();
	readonly #clock: () => number;
	readonly #ping: (node: string) => Promise<Reading | null>;
	readonly #samples = new Map<string, Sample>();
	readonly #sampling = new Map<string, Promise<void>>();

	/** `clock`: milliseconds of a monotonic clock; `ping`: reads the clock of another node, null without an answer. */
	constructor(clock: () => number, ping: (node: string) => Promise<Reading | null>) {
		this.#clock = clock;
		this.#ping = ping;
	}
	stamp(by: string): Stamp {
		return { by, at: this.#clock() };
	}
	/** An upper bound of the milliseconds since a node took the stamp; null when its clock cannot be read. */
	async ageOf(node: string, stamp: Stamp): Promise<number | null> {
		const known = this.#sampleOf(node, stamp);
		if (!known) await this.#sample(node);
		else if (this.#clock() - known.mine > REFRESH) void this.#sample(node);
		const sample = known ?? this.#sampleOf(node, stamp);
		return sample ? Math.max(0, this.#clock() - sample.mine - (stamp.at - sample.theirs)) : null;
	}
	forget(node: string): void {
		this.#samples.delete(node);
		this.skew.forget(node);
	}

	#sampleOf(node: string, { by }: Stamp): Sample | undefined {
		const sample = this.#samples.get(node);
		return sample?.by === by && this.#clock() - sample.mine < EXPIRES ? sample : undefined;
	}
	/** Concurrent callers share one ping. */
	#sample(node: string): Promise<void> {
		const sampling = this.#sampling.get(node) ?? this.#takeSample(node).finally(() => this.#sampling.delete(node));
		this.#sampling.set(node, sampling);
		return sampling;
	}
	/** A recent sample with a shorter round trip is kept. */
	async #takeSample(node: string): Promise<void> {
		const mine = this.#clock();
		const reading = await this.#ping(node);
		if (!reading) return;
		const roundTrip = this.#clock() - mine;
		const before = this.#samples.get(node);
		const isBetter = before?.by === reading.by && before.roundTrip < roundTrip && mine - before.mine < EXPIRES / 2;
		if (!isBetter) this.#samples.set(node, { ...reading, mine, roundTrip });
	}
}

/** The fields of a packet that are used here. */
interface Packet {
	readonly type: string;
	readonly payload?: { readonly sender: string; readonly id?: string; at?: number; steady?: number; by?: string } | null;
}
type Publish = (packet: Packet) => Promise<unknown>;
type Handle = (command: string, packet: Packet) => Promise<unknown>;
const PONG = /^PONG$/;
const HEARTBEAT = /^HEARTBEAT$/;
const clocksByBroker = new WeakMap<ServiceBroker, Clocks>();
/** The clocks of a node of a cluster; undefined for an embedded system. */
export const clocksOf = (broker: ServiceBroker): Clocks | undefined => clocksByBroker.get(broker);

/** Adds the monotonic clock to PONG packets and the wall clock to heartbeats. */
export const ClocksMiddleware = (broker: ServiceBroker): Middleware => {
	const pings = new Map<string, (reading: Reading) => void>();
	const ping = async (node: string): Promise<Reading | null> => {
		const id = broker.generateUid();
		const answered = new Promise<Reading>((resolve) => pings.set(id, resolve));
		await broker.transit?.sendPing(node, id);
		return within(PING_TIMEOUT, answered)
			.catch(() => null)
			.finally(() => pings.delete(id));
	};
	const clocks = new Clocks(() => performance.now(), ping);
	clocksByBroker.set(broker, clocks);
	return {
		name: "Clocks",
		created: () =>
			void broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => clocks.forget(node.id)),
		transitPublish:
			(next: Publish): Publish =>
			(packet) => {
				if (packet.payload && PONG.test(packet.type)) Object.assign(packet.payload, { steady: performance.now(), by: broker.instanceID });
				if (packet.payload && HEARTBEAT.test(packet.type)) packet.payload.at = Date.now();
				return next(packet);
			},
		transitMessageHandler:
			(next: Handle): Handle =>
			(command, packet) => {
				const { sender, id = "", steady, by, at } = packet.payload ?? {};
				if (steady !== undefined && by !== undefined) pings.get(id)?.({ by, theirs: steady });
				if (HEARTBEAT.test(command) && sender !== undefined && sender !== broker.nodeID && at !== undefined)
					clocks.skew.heartbeat(sender, Date.now() - at);
				return next(command, packet);
			},
	} as unknown as Middleware; // moleculer's type has the hooks return results instead of handlers
};
