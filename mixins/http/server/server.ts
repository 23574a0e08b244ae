/** Server - the HTTP server of a gateway: its limits, and responses to input that is not a valid request. */
import { maxHeaderSize, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import { CODES } from "../../common/codes.ts";
import type { Bodies } from "./bodies.ts";
import type { Certificate } from "./certificate.ts";
import type { Connections } from "./connections.ts";
import { type Headers, setHeaders } from "./headers.ts";
import { HEADER_TIME, SILENCE } from "./limits.ts";
import { problem, type Problem, rawProblem } from "./problem.ts";
import { listenerOf, SecureServer } from "./secure.ts";

/** Milliseconds between two checks of time limits. */
export const CHECK_EVERY = 1000;

export interface Serving {
	readonly connections: Connections;
	readonly bodies: Bodies;
	/** Counts a problem that is not the response to a request. */
	readonly count: (problem: Problem) => void;
	/** Null for plain HTTP. */
	readonly certificate: Certificate | null;
	/** The headers of every answer. */
	readonly headers: Headers;
}

export function serverOf(handle: RequestListener, { connections, bodies, count, certificate, headers }: Serving): Server {
	const handler: RequestListener = (req, res) => {
		setHeaders(res, headers);
		handle(req, res);
	};
	const server = listenerOf(
		// admit() checks the Host; bodies have limits of their own
		{ requireHostHeader: false, connectionsCheckingInterval: CHECK_EVERY, headersTimeout: HEADER_TIME, requestTimeout: 0 },
		handler,
		certificate,
	);
	server.timeout = SILENCE;
	server.maxHeadersCount = 0; // the total size of headers is limited; a limit on their number would drop headers silently
	server.on("connection", (socket) => connections.opened(socket));
	if (server instanceof SecureServer) server.onSecured((encrypted, below) => connections.secured(encrypted, below));
	server.on("checkContinue", (req, res) => {
		bodies.expectsContinue(req);
		handler(req, res);
	});
	server.on("checkExpectation", handler);
	const refuse = (socket: Socket, found: Problem) => {
		count(found);
		socket.end(rawProblem(found, headers), () => socket.destroy());
	};
	server.on(
		"connect",
		(_req, socket) => refuse(socket as Socket, problem(CODES.METHOD_NOT_ALLOWED, "This is not a proxy")), // always a socket here
	);
	server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
		const socket = stream as Socket; // always a socket here
		if (socket.writable && socket.bytesRead > 0 && connections.isUnanswered(socket))
			refuse(socket, problemIn(error, { time: HEADER_TIME, size: maxHeaderSize }));
		else socket.destroy();
	});
	return server;
}

/** The limits for the headers of a request, in milliseconds and bytes. */
export interface HeadLimits {
	readonly time: number;
	readonly size: number;
}
/** The problem for an error of the HTTP parser. */
export function problemIn({ code = "" }: NodeJS.ErrnoException, { time, size }: HeadLimits): Problem {
	if (/TIMEOUT/.test(code)) return problem(CODES.TOO_SLOW, `The headers took more than ${time / 1000} s`);
	if (/HEADER_OVERFLOW/.test(code)) return problem(CODES.HEADERS_TOO_LARGE, `The headers have more than ${size / 1024} KiB`);
	if (/OVERFLOW/.test(code)) return problem(CODES.TOO_LARGE, "The chunk extensions are too large");
	return problem(CODES.MALFORMED, "The request is not valid HTTP");
}
