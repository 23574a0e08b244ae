/**
 * Clock - the time of the law on one node: decisions, due dates, and rows that change with time use it. Timeouts, leases, heartbeats and
 * sessions use the clocks of the machine.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import { CODES } from "./codes.ts";
import type { Instant } from "../../model/index.ts";
import { unavailable } from "./errors.ts";

export type ClockMode = "system" | "manual";

export class Clock {
	readonly mode: ClockMode;
	/** Of a manual clock; null until this node knows how far the clock was advanced. */
	#at: Instant | null = null;
	readonly #begin: Instant | null;

	/** `begin`: the instant of a manual clock that was never advanced; null for the clock of the machine. */
	constructor(begin: Instant | null) {
		this.mode = begin === null ? "system" : "manual";
		this.#begin = begin;
	}
	/** Throws CLOCK_NOT_SYNCHRONIZED (503) if a manual clock has not been synchronized with the cluster. */
	now(): Instant {
		if (this.mode === "system") return new Date().toISOString();
		if (this.#at === null)
			throw unavailable(CODES.CLOCK_NOT_SYNCHRONIZED, "This node does not know yet how far the manual clock was advanced");
		return this.#at;
	}
	get known(): boolean {
		return this.mode === "system" || this.#at !== null;
	}
	/** Sets a manual clock to the instant it was advanced to, or to its beginning if it never was; an earlier instant is ignored. */
	synchronize(advanced: Instant | null): void {
		for (const instant of [this.#begin, advanced]) if (instant !== null && instant > (this.#at ?? "")) this.#at = instant;
	}
}

const SYSTEM = new Clock(null);
const clocks = new WeakMap<ServiceBroker, Clock>();

export const clockOf = (broker: ServiceBroker): Clock => clocks.get(broker) ?? SYSTEM;

/** Gives a broker its clock before any service starts. */
export const ClockMiddleware = (begin: Instant | null): Middleware => ({
	name: "Clock",
	created: (broker: ServiceBroker) => void clocks.set(broker, new Clock(begin)),
});
