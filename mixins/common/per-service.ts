/** PerService - the values that a mixin keeps for each running service, and whether its node is an observer. */
import type { ServiceBroker } from "moleculer";
import { CODES } from "./codes.ts";
import { unavailable } from "./errors.ts";

/** Whether this node is an observer: it opens the stores read-only, and neither follows logs nor runs processes. */
export const isObserving = (broker: ServiceBroker): boolean => broker.metadata?.["observing"] === true;

/** One value per running service. */
export class PerService<T> {
	readonly #all = new WeakMap<object, T>();
	set(service: object, value: T): void {
		this.#all.set(service, value);
	}
	of(service: object): T {
		const found = this.#all.get(service);
		if (!found) throw unavailable(CODES.NOT_STARTED, "This service has not started yet");
		return found;
	}
	find(service: object): T | undefined {
		return this.#all.get(service);
	}
}
