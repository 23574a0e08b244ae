/**
 * Gateway - REST, the live feed, health and metrics. It knows no model: every action that says `rest` has its route by existing,
 * and keeps it while its service is away (503, not 404).
 */
import type { ServerResponse } from "node:http";
import type { Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Done } from "../../mixins/actor.ts";
import type { Item, Outcome } from "../../mixins/event-sourced.ts";
import type { Give } from "../../mixins/metric.ts";
import { metricsOf } from "../../mixins/metrics.ts";
import { Requests } from "../../mixins/requests.ts";
import { callMany } from "../../mixins/placement.ts";
import type { RouteNote } from "../../mixins/routes.ts";
import { sendDone, sendJson, sendRead } from "./answer.ts";
import { reportOf } from "./health.ts";
import { type Feeding, isSource, listen, type Listening } from "./live.ts";
import { emptyTally, problemIn, takeAll } from "./ndjson.ts";
import { ProblemError, problemOf, sendProblem } from "./problem.ts";
import { bulkMeta, commandOf, type Incoming, readOf, typeOf, uploadOf } from "./request.ts";
import { closed, cutInTime, inPhase, isStopping, refuseWhileStopping } from "./stopping.ts";
import { NDJSON, watch, type Watched } from "./watch.ts";

interface Routed {
	readonly name: string;
	readonly rest: string;
	readonly note: RouteNote;
}
interface Gateway extends Service, Watched, Feeding {
	readonly broker: ServiceBroker;
	/** Every route ever heard of, by method and path. */
	readonly routed: Map<string, Routed>;
	readonly feeds: Set<Listening>;
	readonly sources: Set<string>;
	/** Parts with a health of their own, every one ever heard of. */
	readonly parts: Set<string>;
	addRoute(route: object): void;
	sendError(req: Incoming, res: ServerResponse, error: unknown): void;
}
type Request = Incoming & { readonly $ctx: Context };
type Handler = (this: Gateway, req: Request, res: ServerResponse) => Promise<void>;

const CSV_LIMIT = 16 * 1024 * 1024;
/** How long a connection may be silent, in milliseconds. */
const IDLE = 120_000;

export default {
	name: "gateway",
	mixins: [ApiGateway],
	settings: {
		path: "/api",
		routes: [],
		requestTimeout: 0, // an upload may last; silence is what ends it
		logRequest: null,
		logRequestParams: null,
		logResponse: null,
		logRouteRegistration: null,
		httpServerTimeout: IDLE,
		/** A request's id is stored with the facts it leads to: the caller's own only if it is one. */
		rootCallOptions(this: Gateway, options: { requestID?: string | undefined }, req: Incoming, res: ServerResponse) {
			if (!/^[\x21-\x7e]{1,128}$/.test(options.requestID ?? "")) options.requestID = undefined;
			if (metricsOf(this.broker)) watch(this, req, res);
		},
		onError(this: Gateway, req: Incoming, res: ServerResponse, error: unknown) {
			const problem = inPhase(this, problemOf(error));
			this.requests.problem(problem.code, problem.status);
			if (problem.status >= 500 && problem.status !== 503) this.logger.error(`${req.method} ${req.url}`, error);
			sendProblem(req, res, problem);
		},
	},
	actions: { listAliases: false, addRoute: false, removeRoute: false },
	events: {
		"$broker.started"(this: Service) {
			gatewayOf(this).begun = true;
			learn(gatewayOf(this));
		},
		"$services.changed"(this: Service) {
			learn(gatewayOf(this));
		},
		/** A feed would never end by itself. */
		"$node.stopping"(this: Service) {
			for (const feed of gatewayOf(this).feeds) feed.end();
			cutInTime(gatewayOf(this));
		},
	},
	created(this: Service) {
		const heard = { routed: new Map(), parts: new Set(), sources: new Set() };
		Object.assign(this, { ...heard, feeds: new Set(), requests: new Requests(), begun: false });
	},
	methods: {
		/** Without a line for each: what nobody foresaw is logged by onError, what fails for a while by whoever it fails for. */
		errorHandler(this: Gateway, req: Incoming, res: ServerResponse, error: unknown) {
			this.sendError(req, res, error);
		},
		figures(this: Gateway, give: Give) {
			this.requests.figures(give);
			give("vigie_http_live_feeds", this.feeds.size, {});
		},
	},
	async started(this: Service) {
		learn(gatewayOf(this));
	},
	async stopped(this: Service) {
		await closed(gatewayOf(this).server);
	},
} satisfies ServiceSchema;

/** The service with what `created` gave it. */
const gatewayOf = (service: Service): Gateway => service as Gateway; // see created

/** Adds the routes of actions that came since, and to open feeds the contexts; none is ever taken away. */
function learn(gateway: Gateway): void {
	if (!gateway.routed) return; // not created yet
	const before = gateway.routed.size;
	const actions = gateway.broker.registry.getActionList({ skipInternal: true }) as {
		name: string;
		action?: { rest?: unknown; note?: RouteNote };
	}[]; // moleculer leaves it untyped
	for (const { name, action } of actions) {
		if (isSource(name)) gateway.sources.add(name);
		if (typeof action?.rest === "string" && action.note) gateway.routed.set(action.rest, { name, rest: action.rest, note: action.note });
	}
	for (const feed of gateway.feeds) feed.look();
	if (gateway.routed.size > before || before === 0) gateway.addRoute(routeOf([...gateway.routed.values()]));
}

function routeOf(routed: readonly Routed[]): object {
	const aliases: Record<string, Handler> = {
		"GET /health/live": alive,
		"GET /health/ready": ready,
		"GET /metrics": metrics,
		"GET /live": live,
	};
	for (const route of routed) aliases[route.rest] = handlerOf(route);
	for (const [path, handler] of Object.entries(aliases))
		if (path.startsWith("GET ") && handler !== live) aliases[path.replace("GET", "HEAD")] = handler;
	return {
		path: "/",
		mergeParams: false,
		bodyParsers: {
			raw: { type: (req: Incoming) => typeOf(req) === "application/json" || typeOf(req) === "text/csv", limit: CSV_LIMIT, inflate: false },
		},
		logging: false,
		aliases: Object.fromEntries(
			Object.entries(aliases)
				.sort(([a], [b]) => Number(a.includes(":")) - Number(b.includes(":")))
				.map(([path, handler]) => [path, guarded(handler)]),
		),
	};
}

/** moleculer-web calls an alias with `next`; errors go there, and end in onError. */
const guarded = (handler: Handler) =>
	function alias(this: Gateway, req: Request, res: ServerResponse, next: (error: unknown) => void): void {
		if (req.method === "OPTIONS") return void res.writeHead(204, { "Content-Length": "0" }).end(); // moleculer-web resolves a preflight to the alias it asks about
		const taken = async () => {
			if (!ANY_TIME.has(handler)) refuseWhileStopping(this, res);
			await handler.call(this, req, res);
		};
		taken().catch(next);
	};

function handlerOf({ name, rest, note }: Routed): Handler {
	const path = `/api${rest.slice(rest.indexOf(" ") + 1)}`;
	if (note.kind === "read")
		return async (req, res) => {
			const { params, meta } = readOf(req);
			const context: { position?: string; revision?: number } = meta;
			const body = await call(req, name, params, context);
			sendRead(req, res, body, context.revision);
		};
	if (note.kind === "upload")
		return async (req, res) => {
			const { params, meta } = uploadOf(req, note.accepts ?? "");
			sendJson(res, 200, await call(req, name, params, meta));
		};
	return async function (this: Gateway, req, res) {
		if (note.bulk && typeOf(req) === NDJSON) return bulk(this, req, res, note.bulk, path);
		const { params, meta } = commandOf(req, note, rest);
		sendDone(res, path, (await call(req, name, params, meta)) as Done); // what a command resolves to
	};
}

/** The metadata is handed over as it is, so that what the action adds to it comes back. */
async function call(req: { readonly $ctx: Context }, action: string, params: object, meta: object): Promise<unknown> {
	const calling = req.$ctx.broker.call<unknown, object>(action, params, { meta, parentCtx: req.$ctx });
	const result = await calling;
	Object.assign(meta, (calling as { ctx?: { meta?: object } }).ctx?.meta); // moleculer's promises carry their context
	return result;
}

async function bulk({ requests }: Gateway, req: Request, res: ServerResponse, action: string, route: string): Promise<void> {
	if (req.headers["content-encoding"] !== undefined)
		throw new ProblemError(415, "UNSUPPORTED_MEDIA_TYPE", "NDJSON is taken as it is, not compressed");
	const send = (all: readonly Item[]) =>
		callMany(req.$ctx.broker, action, all, (items) =>
			req.$ctx.broker.call<readonly Outcome[], { items: readonly Item[] }>(action, { items }, { meta: bulkMeta() }),
		);
	const lines = emptyTally();
	const { tally, positions, ...missed } = await takeAll(req, send, lines).finally(requests.uploading(route, lines));
	const position = [...positions].map(([partition, at]) => `${partition}:${at}`).join(",");
	const problem = problemIn(missed);
	if (!problem) return sendJson(res, 200, tally, position ? { "X-Position": position } : {});
	requests.problem(problem.code, problem.status);
	sendProblem(req, res, problem, tally);
}

const alive: Handler = async (_req, res) => sendJson(res, 200, { status: "live" });

const ready: Handler = async function (this: Gateway, _req, res) {
	if (isStopping(this)) return sendJson(res, 503, { status: "stopping", parts: [] });
	const report = await reportOf(this.broker, [...this.routed.values()], this.parts);
	sendJson(res, report.status === "ready" ? 200 : 503, report);
};

const metrics: Handler = async function (this: Gateway, _req, res) {
	const text = await metricsOf(this.broker)?.text();
	if (text === undefined) throw new ProblemError(404, "METRICS_OFF", "This node shows no metrics (METRICS=off)");
	res.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
	res.end(text);
};

const live: Handler = async function (this: Gateway, req, res) {
	await listen(this, req, res);
};

/** Asked by those who want to know how a node is, whatever it is about to do. */
const ANY_TIME: ReadonlySet<Handler> = new Set([alive, ready, metrics]);
