/** Stopping - what a node answers before it is up and once it is told to end, and how its connections end with it, whoever holds them. */
import type { Server, ServerResponse } from "node:http";
import { Server as Listener } from "node:net";
import type { ServiceBroker } from "moleculer";
import { type Problem, ProblemError } from "./server/problem.ts";

const STARTING: Problem = { status: 503, code: "STARTING", detail: "This node is still starting", retryAfter: 1 };
const STOPPING: Problem = {
	status: 503,
	code: "STOPPING",
	detail: "This node is stopping; another will answer, or this one when it is back",
	retryAfter: 1,
};
/** How long before the end of the time given to what is under way connections are cut, in milliseconds: then it ends by itself. */
const EARLIER = 500;
/** How long answers on their way may take once nothing else is under way, and how often it is looked, in milliseconds. */
const LAST = 1000;
const LOOK_EVERY = 50;

/** What is needed of a gateway. */
export interface Stoppable {
	readonly broker: ServiceBroker;
	readonly server: Server;
	/** Whether it was ever up. */
	begun: boolean;
}

/** Was up, and is not any more. */
export const isStopping = ({ broker, begun }: Stoppable): boolean => begun && !broker.started;

/** What is answered instead of a problem: before the start and during the stop a failure says nothing but that. A refusal is true at any time. */
export function inPhase(gateway: Stoppable, problem: Problem): Problem {
	if (gateway.broker.started) return problem;
	if (!gateway.begun) return STARTING;
	return problem.status < 500 ? problem : STOPPING;
}

/** What comes now is not begun any more; where other nodes do the work, whoever is connected still has one answer, and goes. */
export function refuseWhileStopping(gateway: Stoppable, res: ServerResponse): void {
	if (!isStopping(gateway)) return;
	res.setHeader("Connection", "close");
	if (gateway.broker.transit) return;
	throw new ProblemError(STOPPING.status, STOPPING.code, STOPPING.detail);
}

/**
 * Ends what would outlast the stop: half a request may never become a whole one. Among other gateways nobody new comes in: who is
 * refused the connection knows at once that nothing was begun.
 */
export function cutInTime({ broker, server }: Stoppable): void {
	const { shutdownTimeout = 0 } = broker.options.tracking ?? {};
	if (broker.transit) Listener.prototype.close.call(server); // that of http would cut idle connections on which a request may be on its way
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
