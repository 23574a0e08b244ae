/**
 * Gateway - REST, the live feed, health and metrics. It knows no model: every action that says `rest` has its route by existing,
 * and keeps it while its service is away (503, not 404).
 */
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Context, Service, ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Done } from "../../mixins/actor.ts";
import type { Item, Outcome } from "../../mixins/event-sourced.ts";
import type { Health } from "../../mixins/following.ts";
import { metricsText } from "../../mixins/metrics.ts";
import type { RouteNote } from "../../mixins/routes.ts";
import { sendDone, sendJson, sendRead } from "./answer.ts";
import { feed, openFeed } from "./feed.ts";
import { takeAll } from "./ndjson.ts";
import { type Problem, ProblemError, problemOf, sendProblem } from "./problem.ts";
import { commandOf, type Incoming, queryOf, readOf, typeOf, uploadOf } from "./request.ts";

interface Routed {
	readonly name: string;
	readonly rest: string;
	readonly note: RouteNote;
}
interface Gateway extends Service {
	/** Every route ever heard of, by method and path. */
	readonly routed: Map<string, Routed>;
	/** How to end each live feed. */
	readonly feeds: Set<() => void>;
	addRoute(route: object): void;
}
type Handler = (this: Gateway, req: Incoming & { readonly $ctx: Context }, res: ServerResponse) => Promise<void>;

const NDJSON = "application/x-ndjson";
const CSV_LIMIT = 16 * 1024 * 1024;
/** How long a connection may be silent, in milliseconds. */
const IDLE = 120_000;
const HEALTH_TIMEOUT = 2000;
const STARTING: Problem = { status: 503, code: "STARTING", detail: "This node is still starting", retryAfter: 1 };

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
		rootCallOptions(options: { requestID?: string | undefined }) {
			if (!/^[\x21-\x7e]{1,128}$/.test(options.requestID ?? "")) options.requestID = undefined;
		},
		onError(this: Gateway, req: Incoming, res: ServerResponse, error: unknown) {
			const problem = this.broker.started ? problemOf(error) : STARTING;
			if (problem.status >= 500 && problem.status !== 503) this.logger.error(`${req.method} ${req.url}`, error);
			sendProblem(req, res, problem);
		},
	},
	actions: { listAliases: false, addRoute: false, removeRoute: false },
	events: {
		"$broker.started"(this: Service) {
			learn(gatewayOf(this));
		},
		"$services.changed"(this: Service) {
			learn(gatewayOf(this));
		},
		/** A feed would never end by itself. */
		"$node.stopping"(this: Service) {
			for (const end of gatewayOf(this).feeds) end();
		},
	},
	created(this: Service) {
		Object.assign(this, { routed: new Map(), feeds: new Set() });
	},
	async started(this: Service) {
		learn(gatewayOf(this));
	},
} satisfies ServiceSchema;

/** The service with what `created` gave it. */
const gatewayOf = (service: Service): Gateway => service as Gateway; // see created

/** Adds the routes of actions that came since; none is ever taken away. */
function learn(gateway: Gateway): void {
	if (!gateway.routed) return; // not created yet
	const before = gateway.routed.size;
	const actions = gateway.broker.registry.getActionList({ skipInternal: true }) as {
		name: string;
		action?: { rest?: unknown; note?: RouteNote };
	}[]; // moleculer leaves it untyped
	for (const { name, action } of actions)
		if (typeof action?.rest === "string" && action.note) gateway.routed.set(action.rest, { name, rest: action.rest, note: action.note });
	if (gateway.routed.size > before || before === 0) gateway.addRoute(routeOf([...gateway.routed.values()]));
}

function routeOf(routed: readonly Routed[]): object {
	const aliases: Record<string, Handler> = {
		"GET /health/live": async (_req, res) => sendJson(res, 200, { status: "live" }),
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
	function alias(this: Gateway, req: Incoming & { readonly $ctx: Context }, res: ServerResponse, next: (error: unknown) => void): void {
		if (req.method === "OPTIONS") return void res.writeHead(204, { "Content-Length": "0" }).end(); // moleculer-web resolves a preflight to the alias it asks about
		handler.call(this, req, res).catch(next);
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
	return async (req, res) => {
		if (note.bulk && typeOf(req) === NDJSON) return bulk(req, res, note.bulk);
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

const bulk = async (req: Incoming & { readonly $ctx: Context }, res: ServerResponse, action: string): Promise<void> => {
	if (req.headers["content-encoding"] !== undefined)
		throw new ProblemError(415, "UNSUPPORTED_MEDIA_TYPE", "NDJSON is taken as it is, not compressed");
	const send = (items: readonly Item[]) =>
		req.$ctx.broker.call<readonly Outcome[], { items: readonly Item[] }>(action, { items }, { meta: { by: "anonymous" } });
	const { tally, failure, positions } = await takeAll(req, send);
	const position = [...positions].map(([partition, at]) => `${partition}:${at}`).join(",");
	if (failure === null) return sendJson(res, 200, tally, position ? { "X-Position": position } : {});
	sendProblem(
		req,
		res,
		{
			status: 503,
			code: "STORE_UNAVAILABLE",
			detail: `Not every line could be taken (${failure}); sending all of it again is safe`,
			retryAfter: 1,
		},
		tally,
	);
};

/** Ready when every part that says how it is says it is well. */
const ready: Handler = async function (this: Gateway, _req, res) {
	const actions = this.broker.registry.getActionList({ skipInternal: true }) as { name: string }[]; // moleculer leaves it untyped
	const parts = await Promise.all(
		actions
			.filter(({ name }) => name.endsWith(".health"))
			.map(({ name }) =>
				this.broker
					.call<Health, object>(name, {}, { timeout: HEALTH_TIMEOUT })
					.catch((error: Error): Health => ({ name, ready: false, reason: error.message, positions: {}, lag: 0 })),
			),
	);
	const well = this.broker.started && parts.every((part) => part.ready);
	sendJson(res, well ? 200 : 503, { status: well ? "ready" : "not ready", parts });
};

const metrics: Handler = async function (this: Gateway, _req, res) {
	const text = await metricsText(this.broker);
	res.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
	res.end(text);
};

/** The facts of every context that offers them, as they become visible. */
const live: Handler = async function (this: Gateway, req, res) {
	const { types, ...more } = queryOf(req);
	const [unknown] = Object.keys(more);
	if (unknown !== undefined)
		throw new ProblemError(422, "VALIDATION_ERROR", "The request is not valid", [
			{ field: unknown, message: "There is no such parameter", expected: "types" },
		]);
	if (types === "")
		throw new ProblemError(422, "VALIDATION_ERROR", "The request is not valid", [
			{ field: "types", message: "must be names of facts", expected: "radar.installed,infraction.opened" },
		]);
	const after = req.headers["last-event-id"];
	const actions = this.broker.registry.getActionList({ skipInternal: true }) as { name: string }[]; // moleculer leaves it untyped
	const params = { ...(after === undefined ? {} : { after: String(after) }), ...(types === undefined ? {} : { types: types.split(",") }) };
	const streams = await Promise.all(
		actions
			.filter(({ name }) => name.endsWith("-live.live"))
			.map(({ name }) => this.broker.call<Readable, object>(name, params, { timeout: 0 })),
	);
	openFeed(res);
	const end = feed(req, res, streams, after === undefined ? "" : String(after), () => this.feeds.delete(end));
	this.feeds.add(end);
};
