/**
 * Gateway - REST, the live feed, health and metrics. It knows no model: every action with `rest` in a service file has a route,
 * also while no node offers the action (503, not 404).
 */
import type { ServerResponse } from "node:http";
import type { Service, ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Identity, May } from "../../model/access.ts";
import { assertMay, VISITOR } from "../access/access.ts";
import { ANYONE } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import type { Give } from "../common/metric-names.ts";
import { metricsOf } from "../monitoring/metrics.ts";
import { Authentication } from "./authentication.ts";
import { Requests } from "./requests.ts";
import type { Offer, Routed } from "../common/routes.ts";
import { Bodies } from "./server/bodies.ts";
import { certificateOf } from "./server/certificate.ts";
import { tokenIn } from "./server/credentials.ts";
import { Connections } from "./server/connections.ts";
import { allowOrigin, preflightHeaders } from "./server/cors.ts";
import { admit, hostsOf, isSafe, methodsOn } from "./server/edge.ts";
import { headersOf } from "./server/headers.ts";
import { ANY_TIME, type GatewayService, type Handler, handlerOf, isEncrypted, live, type Request } from "./handlers.ts";
import { OWN_ROUTES } from "./own-routes.ts";
import { limitsOf, Reached } from "./server/limits.ts";
import { hasBody } from "./server/lingering.ts";
import { isSource } from "./live.ts";
import { methodNotAllowed, type Problem, ProblemError, problemOf, sendProblem } from "./server/problem.ts";
import type { Incoming } from "./request.ts";
import { CHECK_EVERY, serverOf } from "./server/server.ts";
import { Rates, type RateSettings } from "./server/rates.ts";
import { closed, cutInTime, inPhase, refuseWhileStopping } from "./stopping.ts";
import { watch } from "./watch.ts";

type GatewaySettings = {
	readonly ip: string;
	readonly allowedHosts: readonly string[];
	readonly corsOrigins: readonly string[];
	readonly behindProxy: boolean;
	/** Seconds. */
	readonly keepAlive: number;
	readonly rates: RateSettings;
};
const NOTHING: Offer = { routes: [], parts: [], facts: [], contexts: [] };

export const Gateway = {
	mixins: [ApiGateway],
	settings: {
		path: "/api",
		routes: [],
		logRequest: null,
		logRequestParams: null,
		logResponse: null,
		logRouteRegistration: null,
		ip: "127.0.0.1",
		/** Whether clients reach the gateway through a proxy that encrypts. */
		behindProxy: false,
		allowedHosts: [],
		corsOrigins: [],
		keepAlive: 75,
		/** Requests, and MiB of content, that a client may send a second; 0 for no limit. */
		rates: { requests: 0, content: 0 },
		/** The request id is stored with the facts that the request records, so a malformed id from the caller is dropped. */
		rootCallOptions(this: GatewayService, options: { requestID?: string | undefined }) {
			if (!/^[\x21-\x7e]{1,128}$/.test(options.requestID ?? "")) options.requestID = undefined;
		},
		onError(this: GatewayService, req: Incoming, res: ServerResponse, error: unknown) {
			const problem = inPhase(this, problemOf(error));
			this.requests.problem(problem.code, problem.status);
			if (problem.status >= 500 && problem.status !== 503) this.logger.error(`${req.method} ${req.url}`, error);
			sendProblem(req, res, problem);
		},
	},
	actions: {
		/** Handles an HTTP request; called by moleculer-web. */
		rest: { may: ANYONE, bulkhead: { enabled: false } }, // a request only waits here, possibly for hours: for a call, an upload or a live feed
		listAliases: false,
		addRoute: false,
		removeRoute: false,
	},
	events: {
		"$broker.started"(this: Service) {
			gatewayOf(this).begun = true;
		},
		"$services.changed"(this: Service) {
			learn(gatewayOf(this));
		},
		/** Ends the live feeds, which never end by themselves. */
		"$node.stopping"(this: Service) {
			for (const feed of gatewayOf(this).feeds) feed.end();
			cutInTime(gatewayOf(this));
		},
	},
	created(this: Service) {
		const { routes, parts, facts, contexts } = this.schema.offer ?? NOTHING;
		const { ip, behindProxy, allowedHosts, corsOrigins, keepAlive } = this.settings as GatewaySettings; // see above
		Object.assign(this, {
			routed: routes,
			parts: new Set(parts),
			facts: new Set(facts),
			contexts: new Set(contexts),
			sources: new Set(),
			feeds: new Set(),
			requests: new Requests(),
			begun: false,
			authentication: authenticationOf(gatewayOf(this)),
			hosts: hostsOf(ip, allowedHosts, corsOrigins, certificateOf(this.broker) !== null || behindProxy),
		});
		gatewayOf(this).addRoute(routeOf(routes));
		gatewayOf(this).server.keepAliveTimeout = keepAlive * 1000; // headers have their own time limit, which begins at the first byte of a request
	},
	methods: {
		/** Overrides the method of moleculer-web, which calls it before `created`. */
		createServer(this: GatewayService) {
			const limits = limitsOf();
			const reached = new Reached((line) => this.logger.warn(line));
			const connections = new Connections(limits, reached);
			const { rates: most, behindProxy } = this.settings as GatewaySettings; // see above
			const rates = new Rates(most, behindProxy, reached);
			const bodies = new Bodies(connections, reached, rates);
			const count = ({ code, status }: Problem) => this.requests.problem(code, status);
			const certificate = certificateOf(this.broker);
			const headers = headersOf(certificate !== null || behindProxy);
			const server = serverOf(this.httpHandler, { connections, bodies, count, certificate, headers });
			Object.assign(this, { limits, reached, rates, connections, bodies, server, isHTTPS: certificate !== null }); // moleculer-web logs the last one
		},
		async httpHandler(this: GatewayService, req: Incoming, res: ServerResponse) {
			allowOrigin(req, res, this.hosts.origins);
			try {
				if (!this.connections.requested(req, res)) return;
				if (metricsOf(this.broker)) watch(this, req, res);
				this.rates.request(req);
				if (isSafe(req) && hasBody(req)) res.setHeader("Connection", "close"); // no handler reads it
				if (req.headers["upgrade"] !== undefined) res.setHeader("Connection", "close"); // Node may have dropped what came after it
				admit(req, this.hosts);
				if (req.method === "OPTIONS") return sendOptions(this, req, res); // moleculer-web would run the alias that a preflight asks about
			} catch (error) {
				return this.sendError(req, res, error);
			}
			await moleculerWeb.httpHandler.call(this, req, res);
		},
		/** Handlers parse the query themselves. */
		parseQueryString: ({ url = "" }: Incoming) => ({ url: url.split("?", 1)[0], query: {} }),
		send404(this: GatewayService, req: Incoming, res: ServerResponse) {
			const allow = methodsOn(this.aliases, req.originalUrl ?? req.url ?? "");
			this.sendError(req, res, allow === "" ? new ProblemError(CODES.NOT_FOUND, "There is no such route") : methodNotAllowed(allow));
		},
		/** Overrides the method of moleculer-web, which logs errors: onError logs unexpected ones, and outages are logged at their source. */
		errorHandler(this: GatewayService, req: Incoming, res: ServerResponse, error: unknown) {
			this.sendError(req, res, error);
		},
		figures(this: GatewayService, give: Give) {
			this.requests.figures(give);
			give("vigie_http_live_feeds", this.feeds.size, {});
			give("vigie_http_connections", this.connections.size, {});
			give("vigie_http_held_bytes", this.bodies.held, {});
			this.reached.figures(give);
		},
	},
	async started(this: Service) {
		const gateway = gatewayOf(this);
		learn(gateway);
		const check = () => {
			gateway.bodies.check();
			gateway.reached.check();
		};
		gateway.checking = setInterval(check, CHECK_EVERY).unref();
	},
	async stopped(this: Service) {
		clearInterval(gatewayOf(this).checking);
		await closed(gatewayOf(this).server);
	},
} satisfies Partial<ServiceSchema>;

const moleculerWeb = ApiGateway.methods as {
	readonly httpHandler: (this: GatewayService, req: Incoming, res: ServerResponse) => Promise<void>;
}; // moleculer-web's types leave it out

function sendOptions(gateway: GatewayService, req: Incoming, res: ServerResponse): void {
	const allow = methodsOn(gateway.aliases, req.url ?? "");
	if (allow === "") gateway.send404(req, res);
	else res.writeHead(204, { Allow: allow, "Content-Length": "0", ...preflightHeaders(req, gateway.hosts.origins, allow) }).end();
}

const authenticationOf = (gateway: GatewayService): Authentication =>
	new Authentication(
		(req) => tokenIn(req, isEncrypted(gateway)),
		async (credential) => {
			const { kind, id, roles, radar, sid } = await gateway.broker.call<Holder, object>("identity.authenticate", { credential });
			return { sub: `${kind}:${id}`, roles, sid, ...(radar === undefined ? {} : { radar }) };
		},
	);
/** The holder of a credential, as the identity context answers. */
interface Holder extends Pick<Identity, "roles" | "radar" | "sid"> {
	readonly kind: string;
	readonly id: string;
}

/** The service, with the fields that `created` sets. */
const gatewayOf = (service: Service): GatewayService => service as GatewayService; // see created

/** Adds the contexts that nodes began to offer, also to open feeds; none is ever removed. */
function learn(gateway: GatewayService): void {
	if (!gateway.sources) return; // not created yet
	const actions = gateway.broker.registry.getActionList({ skipInternal: true }) as readonly { readonly name: string }[]; // moleculer leaves it untyped
	for (const { name } of actions) if (isSource(name)) gateway.sources.add(name);
	for (const feed of gateway.feeds) feed.look();
}

function routeOf(routed: readonly Routed[]): object {
	const aliases: Record<string, Guarded> = Object.fromEntries(
		Object.entries(OWN_ROUTES).map(([route, { handler, may }]) => [route, { handler, name: route, may }]),
	);
	for (const route of routed) aliases[route.rest] = { ...route, handler: handlerOf(route) };
	for (const [path, alias] of Object.entries(aliases))
		if (path.startsWith("GET ") && alias.handler !== live) aliases[path.replace("GET", "HEAD")] = alias;
	return {
		path: "/",
		mergeParams: false,
		bodyParsers: false, // handlers read bodies themselves
		logging: false,
		pathToRegexpOptions: { trailing: false, sensitive: true }, // one spelling per path; moleculer-web removes one slash at the end
		aliases: Object.fromEntries(
			Object.entries(aliases)
				.sort(([a], [b]) => Number(a.includes(":")) - Number(b.includes(":")))
				.map(([path, alias]) => [path, guarded(alias)]),
		),
	};
}

/** A route: its handler, its name for messages, and who may use it. */
interface Guarded {
	readonly handler: Handler;
	readonly name: string;
	readonly may: May;
}

/** moleculer-web calls an alias with `next`, which passes errors to onError. */
const guarded = ({ handler, name, may }: Guarded) =>
	function alias(this: GatewayService, req: Request & { caller?: Identity }, res: ServerResponse, next: (error: unknown) => void): void {
		const taken = async () => {
			if (!ANY_TIME.has(handler)) refuseWhileStopping(this, res);
			req.caller = may.visitor === undefined ? await this.authentication.of(req) : VISITOR;
			assertMay(req.caller, { name, may }); // before the body is read; the node that runs the action decides
			await handler.call(this, req, res);
		};
		taken().catch(next);
	};
