/** Server - the HTTP server of a gateway with its limits, and an answer to what is no request at all. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Bodies } from "./bodies.ts";
import { HEADER_TIME, SILENCE } from "./limits.ts";
import type { Places } from "./places.ts";
import { type Problem, rawProblem } from "./problem.ts";

/** How often time limits are looked at, in milliseconds. */
export const LOOK_EVERY = 1000;

export interface Serving {
	readonly places: Places;
	readonly bodies: Bodies;
	/** Of every problem that is answered without a request. */
	readonly noted: (problem: Problem) => void;
}

export function serverOf(handler: RequestListener, { places, bodies, noted }: Serving): Server {
	const server = createServer(
		// the edge asks for the Host itself; a content has its own limits
		{ requireHostHeader: false, connectionsCheckingInterval: LOOK_EVERY, headersTimeout: HEADER_TIME, requestTimeout: 0 },
		handler,
	);
	server.timeout = SILENCE;
	server.maxHeadersCount = 0; // their bytes are limited; headers beyond a number would be dropped without a word
	server.on("connection", (socket) => places.connected(socket));
	server.on("checkContinue", (req, res) => {
		bodies.expects(req);
		handler(req, res);
	});
	server.on("checkExpectation", handler);
	const refuse = (socket: Socket, problem: Problem) => {
		noted(problem);
		socket.end(rawProblem(problem), () => socket.destroy());
	};
	server.on("connect", (_req, socket) => refuse(socket as Socket, { status: 405, code: "METHOD_NOT_ALLOWED", detail: "This is no proxy" })); // of this server
	server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
		const socket = stream as Socket; // of this server
		if (socket.writable && socket.bytesRead > 0 && places.isUnanswered(socket)) refuse(socket, problemIn(error));
		else socket.destroy();
	});
	return server;
}

/** What is no HTTP, or comes too slowly. */
function problemIn({ code = "" }: NodeJS.ErrnoException): Problem {
	if (/TIMEOUT/.test(code)) return { status: 408, code: "TOO_SLOW", detail: `The headers took more than ${HEADER_TIME / 1000} s` };
	if (/HEADER_OVERFLOW/.test(code)) return { status: 431, code: "HEADERS_TOO_LARGE", detail: "The headers have more than 16 KiB" };
	if (/OVERFLOW/.test(code)) return { status: 413, code: "TOO_LARGE", detail: "The extensions of a chunk are too large" };
	return { status: 400, code: "MALFORMED", detail: "The request is not HTTP" };
}
