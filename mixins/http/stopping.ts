/** Stopping - the responses of a gateway that is still starting or already stopping, and the end of its connections. */
import type { Server, ServerResponse } from "node:http";
import { Server as Listener } from "node:net";
import type { ServiceBroker } from "moleculer";
import { CODES } from "../common/codes.ts";
import { problem, type Problem, ProblemError } from "./server/problem.ts";

const STARTING = problem(CODES.STARTING, "This node is still starting");
const STOPPING = problem(CODES.STOPPING, "This node is stopping; another will answer, or this one when it is back");
/** Milliseconds before the shutdown timeout at which connections are cut, so that requests in progress end in time. */
const EARLIER = 500;
/** Milliseconds for the last responses to reach their clients, and between two checks for idle connections. */
const LAST = 1000;
const LOOK_EVERY = 50;

/** The part of a gateway that this file needs. */
export interface Stoppable {
	readonly broker: ServiceBroker;
	readonly server: Server;
	/** Whether the broker has ever started. */
	begun: boolean;
}

/** Whether the node was started and no longer is. */
export const isStopping = ({ broker, begun }: Stoppable): boolean => begun && !broker.started;

/** Replaces any problem before the start, and failures during the stop. A refusal during the stop stays: it is true at any time. */
export function inPhase(gateway: Stoppable, found: Problem): Problem {
	if (gateway.broker.started) return found;
	if (!gateway.begun) return STARTING;
	return found.status < 500 ? found : STOPPING;
}

/** Refuses new requests while the node stops. In a cluster other nodes do the work, so an open connection still gets one response, then closes. */
export function refuseWhileStopping(gateway: Stoppable, res: ServerResponse): void {
	if (!isStopping(gateway)) return;
	res.setHeader("Connection", "close");
	if (gateway.broker.transit) return;
	throw new ProblemError(CODES.STOPPING, STOPPING.detail);
}

/**
 * Closes connections shortly before the shutdown timeout, since an unfinished request may never end. In a cluster it also stops accepting
 * connections at once: a client that cannot connect knows that nothing was begun, and uses another gateway.
 */
export function cutInTime({ broker, server }: Stoppable): void {
	const { shutdownTimeout = 0 } = broker.options.tracking ?? {};
	if (broker.transit) Listener.prototype.close.call(server); // close() of http would cut idle connections, on which a request may be arriving
	setTimeout(() => server.closeAllConnections(), Math.max(0, shutdownTimeout - EARLIER)).unref();
}

/** Resolves when no connection is open. */
export function closed(server: Server): Promise<void> {
	return new Promise((resolve) => {
		const idle = setInterval(() => server.closeIdleConnections(), LOOK_EVERY);
		const hard = setTimeout(() => server.closeAllConnections(), LAST);
		const done = () => {
			clearInterval(idle);
			clearTimeout(hard);
			resolve();
		};
		if (server.listening) server.close(done);
		else server.getConnections((_error, open) => (open > 0 ? void server.once("close", done) : done()));
	});
}
