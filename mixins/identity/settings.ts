/** AccessSettings - limits of sessions, and the token that a node was started with. The registry sends settings of services to all nodes, so they are not there. */
import type { Middleware, ServiceBroker } from "moleculer";

export interface AccessSettings {
	/** Milliseconds after which a session without use ends. */
	readonly idle: number;
	/** Milliseconds after which every session ends. */
	readonly lifetime: number;
	/** Digest of BOOTSTRAP_TOKEN; null without one. */
	readonly bootstrap: string | null;
}
const MINUTE = 60_000;
export const DEFAULTS: AccessSettings = { idle: 15 * MINUTE, lifetime: 8 * 60 * MINUTE, bootstrap: null };

const all = new WeakMap<ServiceBroker, AccessSettings>();
export const accessOf = (broker: ServiceBroker): AccessSettings => all.get(broker) ?? DEFAULTS;

export const AccessMiddleware = (settings: AccessSettings): Middleware => ({
	name: "Access",
	created: (broker: ServiceBroker) => void all.set(broker, settings),
});
