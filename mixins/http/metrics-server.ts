/**
 * MetricsServer - a small HTTP server for the metrics of a node without a gateway: `GET /metrics` and nothing else, with few connections,
 * short time limits, and the same check of the Host as a gateway.
 */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Middleware, ServiceBroker } from "moleculer";
import { CODES } from "../common/codes.ts";
import { CONTENT_TYPE } from "../monitoring/exposition.ts";
import { metricsOf } from "../monitoring/metrics.ts";
import { type Certificate, certificateOf } from "./server/certificate.ts";
import { admit, type Hosts, hostsOf } from "./server/edge.ts";
import { type Headers, headersOf, setHeaders } from "./server/headers.ts";
import { methodNotAllowed, ProblemError, problemOf, rawProblem, sendProblem } from "./server/problem.ts";
import { listenerOf } from "./server/secure.ts";
import { type HeadLimits, problemIn } from "./server/server.ts";
import { oneLine } from "../../store/figures.ts";

const zipped = promisify(gzip);
const PATH = "/metrics";
/** Limits of the server, in milliseconds and numbers. */
export const SERVER_LIMITS = {
	/** Open connections; more are closed at once. */
	connections: 32,
	/** From the first byte of a request to its last. */
	request: 5000,
	/** Silence on a connection: a client that reads no answer, or sends no next request. */
	silence: 30_000,
	/** Bytes of a request: a scrape has few headers. */
	head: 8192,
	/** Between two checks of the time limits. */
	check: 1000,
};

export interface ServerOptions {
	/** 0 for any free port. */
	readonly port: number;
	readonly host: string;
	/** Further host names of the node, besides its addresses. */
	readonly allowedHosts?: readonly string[] | undefined;
	readonly limits?: typeof SERVER_LIMITS;
	/** Null for plain HTTP. */
	readonly certificate?: Certificate | null;
}

export class MetricsServer {
	readonly #at: Pick<ServerOptions, "port" | "host">;
	readonly #hosts: Hosts;
	readonly #text: () => Promise<string>;
	readonly #scheme: "http" | "https";
	readonly #headers: Headers;
	readonly #server: Server;
	/** Connections with a response in progress. */
	readonly #answering = new WeakSet<Socket>();
	#warn: (line: string) => void = () => undefined;

	constructor({ port, host, allowedHosts = [], limits = SERVER_LIMITS, certificate = null }: ServerOptions, text: () => Promise<string>) {
		this.#at = { port, host };
		this.#hosts = hostsOf(host, allowedHosts);
		this.#text = text;
		const { connections, request, silence, head, check } = limits;
		this.#scheme = certificate ? "https" : "http";
		this.#headers = headersOf(certificate !== null);
		this.#server = listenerOf(
			{
				requireHostHeader: false, // admit() checks it
				headersTimeout: request,
				requestTimeout: request,
				keepAliveTimeout: silence,
				connectionsCheckingInterval: check,
				maxHeaderSize: head,
			},
			(req, res) => void this.#handle(req, res),
			certificate,
		);
		this.#server.on("clientError", (error, socket) => this.#refuse(error, socket as Socket, { time: request, size: head })); // always a socket here
		this.#server.maxConnections = connections;
		this.#server.timeout = silence;
	}

	/** Rejects if the port cannot be opened. */
	async listen(warn: (line: string) => void): Promise<void> {
		this.#warn = (reason) => warn(`Metrics at ${this.url}: ${reason}`);
		this.#server.listen(this.#at.port, this.#at.host);
		await once(this.#server, "listening");
		this.#server.on("error", (error) => this.#warn(oneLine(error))); // e.g. no file is free for another connection
	}
	/** `http://127.0.0.1:9100/metrics`; empty while it does not listen. */
	get url(): string {
		const at = this.#server.address();
		if (typeof at !== "object" || !at) return "";
		return `${this.#scheme}://${at.family === "IPv6" ? `[${at.address}]` : at.address}:${at.port}${PATH}`;
	}
	async close(): Promise<void> {
		if (!this.#server.listening) return;
		const closed = once(this.#server, "close");
		this.#server.close();
		this.#server.closeAllConnections();
		await closed;
	}

	/** Refuses input that is not valid HTTP. */
	#refuse(error: Error, socket: Socket, limits: HeadLimits): void {
		if (!socket.writable || socket.bytesRead === 0 || this.#answering.has(socket)) return void socket.destroy();
		socket.end(rawProblem(problemIn(error, limits), this.#headers), () => socket.destroy());
	}

	/** Never rejects. */
	async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
		this.#answering.add(req.socket);
		res.once("close", () => this.#answering.delete(req.socket));
		setHeaders(res, this.#headers);
		try {
			admit(req, this.#hosts);
			if ((req.url ?? "").split("?", 1)[0] !== PATH) throw new ProblemError(CODES.NOT_FOUND, `There is only ${PATH}`);
			if (req.method !== "GET" && req.method !== "HEAD") throw methodNotAllowed("GET, HEAD");
			const text = await this.#text();
			const zips = acceptsGzip(req);
			const body = zips ? await zipped(text) : Buffer.from(text);
			res.writeHead(200, {
				"Content-Type": CONTENT_TYPE,
				"Content-Length": body.length,
				Vary: "Accept-Encoding",
				...(zips ? { "Content-Encoding": "gzip" } : {}),
			});
			res.end(body); // Node sends no content for HEAD
		} catch (error) {
			const problem = problemOf(error);
			if (problem.status >= 500) this.#warn(oneLine(error));
			sendProblem(req, res, problem);
		}
	}
}

const servers = new WeakMap<ServiceBroker, MetricsServer>();
/** `http://127.0.0.1:9100/metrics`; empty for a node without METRICS_PORT. */
export const metricsUrlOf = (broker: ServiceBroker): string => servers.get(broker)?.url ?? "";

/** Opens the port before the services of the node start, and closes it after they have stopped. */
export const MetricsServerMiddleware = (options: ServerOptions): Middleware => ({
	name: "MetricsServer",
	created: (broker: ServiceBroker) =>
		void servers.set(
			broker,
			new MetricsServer({ ...options, certificate: certificateOf(broker) }, async () => (await metricsOf(broker)?.text()) ?? ""),
		),
	starting: async (broker: ServiceBroker) => servers.get(broker)?.listen((line) => broker.logger.warn(line)),
	stopped: async (broker: ServiceBroker) => servers.get(broker)?.close(),
});

const acceptsGzip = ({ headers }: IncomingMessage): boolean =>
	String(headers["accept-encoding"] ?? "")
		.split(",")
		.some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));
