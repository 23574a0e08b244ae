/** Handlers - handle a request once its route is known: a read, an upload, one command, many commands, and the gateway's own four routes. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context, Service, ServiceBroker } from "moleculer";
import type { Identity } from "../../model/access.ts";
import { callingAs } from "../access/access.ts";
import { CODES } from "../common/codes.ts";
import type { Done } from "../actors/envelope.ts";
import type { Item, Outcome } from "../actors/outcome.ts";
import { clockOf } from "../common/clock.ts";
import { abandon } from "../cluster/leaving.ts";
import { CONTENT_TYPE } from "../monitoring/exposition.ts";
import { metricsOf } from "../monitoring/metrics.ts";
import { callMany } from "../cluster/placement.ts";
import type { Routed } from "../common/routes.ts";
import type { Authentication } from "./authentication.ts";
import { sendDone, sendJson, sendRead } from "./answer.ts";
import type { Bodies } from "./server/bodies.ts";
import { retryUndecided } from "./bulk-retry.ts";
import { type Connections, tooBusy } from "./server/connections.ts";
import type { Alias, Hosts } from "./server/edge.ts";
import { reportOf } from "./health.ts";
import { type Feeding, listen } from "./live.ts";
import { JSON_LIMIT, type Limits, type Reached, UPLOAD_LIMIT } from "./server/limits.ts";
import { emptyTally, problemIn, takeAll } from "./ndjson.ts";
import type { Rates } from "./server/rates.ts";
import { ProblemError, sendProblem } from "./server/problem.ts";
import { commandOf, expectType, type Incoming, type ReadBody, readOf, refuseSingle, typeOf, uploadOf } from "./request.ts";
import { isStopping, refuseWhileStopping } from "./stopping.ts";
import { NDJSON, type Watched } from "./watch.ts";

export interface GatewayService extends Service, Watched, Feeding {
	readonly broker: ServiceBroker;
	readonly routed: readonly Routed[];
	readonly sources: Set<string>;
	/** Parts with their own health: those the system has, and every other one that a node has ever offered. */
	readonly parts: Set<string>;
	readonly hosts: Hosts;
	readonly limits: Limits;
	readonly reached: Reached;
	readonly rates: Rates;
	readonly connections: Connections;
	readonly bodies: Bodies;
	readonly authentication: Authentication;
	/** Whether the gateway serves TLS itself. */
	readonly isHTTPS: boolean;
	/** Checks time limits periodically. */
	checking: NodeJS.Timeout;
	readonly httpHandler: (req: IncomingMessage, res: ServerResponse) => void;
	readonly aliases: readonly Alias[];
	addRoute(route: object): void;
	send404(req: Incoming, res: ServerResponse): void;
	sendError(req: Incoming, res: ServerResponse, error: unknown): void;
}
export type Request = Incoming & { readonly $ctx: Context; readonly caller: Identity };
export type Handler = (this: GatewayService, req: Request, res: ServerResponse) => Promise<void>;

/** Whether browsers reach the gateway over TLS. */
export const isEncrypted = ({ isHTTPS, settings }: GatewayService): boolean => isHTTPS === true || settings["behindProxy"] === true;

/** The handler of an action that has a route. */
export function handlerOf({ name, rest, note }: Routed): Handler {
	const path = `/api${rest.slice(rest.indexOf(" ") + 1)}`;
	if (note.kind === "read")
		return async (req, res) => {
			const { params, meta } = readOf(req);
			const context: { position?: string; revision?: number } = meta;
			const body = await call(req, name, params, context);
			sendRead(req, res, body, context.revision);
		};
	if (note.kind === "upload")
		return async function (this: GatewayService, req, res) {
			const params = await uploadOf(req, note.accepts ?? "", reading(this, req, res, UPLOAD_LIMIT));
			req.socket.setTimeout(0); // the upload may take longer than a connection may be silent
			const calling = begin(req, name, params, {});
			const end = (): void => void (calling.ctx && abandon(calling.ctx));
			res.once("close", () => res.writableEnded || end());
			this.broker.localBus.once("$node.stopping", end); // the upload may run on another node, which does not stop
			sendJson(res, 200, await calling.finally(() => this.broker.localBus.off("$node.stopping", end)));
		};
	return async function (this: GatewayService, req, res) {
		if (note.bulk && typeOf(req) === NDJSON) return bulk(this, req, res, note.bulk, path);
		const { params, meta } = await commandOf(req, note, rest, reading(this, req, res, JSON_LIMIT), clockOf(this.broker).now());
		sendDone(res, path, (await call(req, name, params, meta)) as Done); // every command resolves to it
	};
}

/** Reads a body, and refuses the request if the node began to stop in the meantime. */
export const reading =
	(gateway: GatewayService, req: Request, res: ServerResponse, most: number): ReadBody =>
	async () => {
		const body = await gateway.bodies.whole(req, res, most);
		refuseWhileStopping(gateway, res);
		return body;
	};

/** Starts a call; Moleculer's promise carries the context of the call. */
const begin = (
	{ $ctx, caller }: Pick<Request, "$ctx" | "caller">,
	action: string,
	params: object,
	meta: object,
): Promise<unknown> & { readonly ctx?: Context } =>
	$ctx.broker.call<unknown, object>(action, params, { meta, parentCtx: $ctx, ...callingAs($ctx.broker, caller) });

/** Calls an action, and copies the metadata that the action returns into `meta`. */
export async function call(req: Pick<Request, "$ctx" | "caller">, action: string, params: object, meta: object): Promise<unknown> {
	const calling = begin(req, action, params, meta);
	const result = await calling;
	Object.assign(meta, calling.ctx?.meta);
	return result;
}

async function bulk(
	{ bodies, requests, authentication }: GatewayService,
	req: Request,
	res: ServerResponse,
	action: string,
	route: string,
): Promise<void> {
	refuseSingle(req);
	expectType(req, NDJSON);
	const { broker } = req.$ctx;
	const send = (all: readonly Item[]) =>
		retryUndecided(all, broker.options.requestTimeout ?? 0, clockOf(broker).now(), async (some, meta) => {
			const options = { meta, ...callingAs(broker, await authentication.of(req)) }; // an upload may outlast the rights of its sender
			return callMany(broker, action, some, (items) =>
				broker.call<readonly Outcome[], { items: readonly Item[] }>(action, { items }, options),
			);
		});
	const lines = emptyTally();
	const { tally, positions, ...missed } = await takeAll(bodies.chunks(req, res), send, lines, (bytes) => bodies.room(bytes)).finally(
		requests.uploading(route, lines),
	);
	const position = [...positions].map(([partition, at]) => `${partition}:${at}`).join(",");
	const problem = problemIn(missed);
	if (!problem) return sendJson(res, 200, tally, position ? { "X-Position": position } : {});
	requests.problem(problem.code, problem.status);
	sendProblem(req, res, problem, tally);
}

export const alive: Handler = async (_req, res) => sendJson(res, 200, { status: "live" });

export const ready: Handler = async function (this: GatewayService, _req, res) {
	if (isStopping(this)) return sendJson(res, 503, { status: "stopping", parts: [] });
	const report = await reportOf(this.broker, this.routed, this.parts);
	sendJson(res, report.status === "ready" ? 200 : 503, report);
};

export const metrics: Handler = async function (this: GatewayService, _req, res) {
	const text = await metricsOf(this.broker)?.text();
	if (text === undefined) throw new ProblemError(CODES.METRICS_OFF, "This node shows no metrics (METRICS=off)");
	res.writeHead(200, { "Content-Type": CONTENT_TYPE });
	res.end(text);
};

export const live: Handler = async function (this: GatewayService, req, res) {
	if (this.feeds.size >= this.limits.feeds) {
		this.reached.note("feeds", `the limit is ${this.limits.feeds}`);
		throw tooBusy("This gateway has as many live feeds as it can serve");
	}
	const caller = this.rates.callerOf(req);
	const { clientFeeds } = this.limits;
	if (caller !== null && [...this.feeds].filter((feed) => feed.caller === caller).length >= clientFeeds) {
		this.reached.note("clientFeeds", `${caller} has ${clientFeeds}`);
		throw new ProblemError(CODES.TOO_MANY_REQUESTS, `One client may have ${clientFeeds} live feeds`, { retryAfter: 1 });
	}
	await listen(this, req, res, caller);
};

/** Handlers that also answer while the node stops. */
export const ANY_TIME: ReadonlySet<Handler> = new Set([alive, ready, metrics]);
