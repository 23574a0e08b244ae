/**
 * Connections - the open connections of a gateway, up to a limit. When all are in use, the client that has been silent longest loses its
 * connection to the next one that connects, so that idle connections cannot shut other clients out.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { CODES } from "../../common/codes.ts";
import { type Limits, PIPELINED, type Reached } from "./limits.ts";
import { ProblemError } from "./problem.ts";

interface Connection {
	/** Accepted beyond the limit, only to answer its first request with 503. */
	readonly isSpare: boolean;
	/** Responses in progress. */
	readonly responses: Set<ServerResponse>;
	/** Closes after the responses in progress; further requests on it are ignored. */
	isClosing: boolean;
}
/** Spare connections at a time. */
const SPARE = 16;

export class Connections {
	readonly #limits: Limits;
	readonly #reached: Reached;
	readonly #open = new Map<Socket, Connection>();
	/** Connections that wait for their client (for a request, or for the rest of one), the longest silent first. */
	readonly #waiting = new Set<Socket>();
	#spares = 0;

	constructor(limits: Limits, reached: Reached) {
		this.#limits = limits;
		this.#reached = reached;
	}
	get size(): number {
		return this.#open.size;
	}

	/** With TLS, begins with the TCP connection, so that the limit includes handshakes; `secured` replaces it. */
	opened(socket: Socket): void {
		const { connections, openFiles } = this.#limits;
		const isFull = this.#open.size >= connections;
		if (isFull) this.#reached.note("connections", `the limit is ${connections}, with ${openFiles} open files`);
		const hasClosed = isFull && this.#closeOne();
		if (!hasClosed && this.#open.size >= connections + SPARE) return void socket.destroy();
		this.#add(socket, { isSpare: this.#ordinary >= connections, responses: new Set(), isClosing: false });
	}
	/** Connections that are not spare. */
	get #ordinary(): number {
		return this.#open.size - this.#spares;
	}
	#add(socket: Socket, connection: Connection): void {
		this.#open.set(socket, connection);
		this.#waiting.add(socket);
		if (connection.isSpare) this.#spares++;
		socket.once("close", () => this.#forget(socket));
	}
	/** Replaces the TCP connection `below` by the encrypted one, on which the requests come. */
	secured(encrypted: Socket, below: Socket): void {
		const connection = this.#open.get(below);
		if (!connection) return void encrypted.destroy(); // closed for another client
		this.#forget(below);
		this.#add(encrypted, connection);
	}
	#closeOne(): boolean {
		const socket = this.#waiting.values().next().value ?? this.#unread();
		if (!socket) return false;
		this.#forget(socket);
		socket.destroy();
		return true;
	}
	/** A connection whose client does not read its response. */
	#unread(): Socket | undefined {
		for (const [socket, { responses }] of this.#open)
			if (socket.writableLength > 0 && [...responses].some((res) => res.writableEnded)) return socket;
		return undefined;
	}
	#forget(socket: Socket): void {
		if (this.#open.get(socket)?.isSpare) this.#spares--;
		this.#open.delete(socket);
		this.#waiting.delete(socket);
	}

	/** Registers a request. False if it has to be ignored; throws if it exceeds a limit, and then the connection closes after it. */
	requested({ socket }: IncomingMessage, res: ServerResponse): boolean {
		const connection = this.#open.get(socket);
		if (!connection || connection.isClosing) return false;
		connection.responses.add(res);
		this.working(socket);
		res.once("close", () => {
			connection.responses.delete(res);
			if (connection.responses.size === 0) this.waiting(socket);
		});
		if (!connection.isSpare && connection.responses.size <= PIPELINED) return true;
		connection.isClosing = true;
		res.setHeader("Connection", "close");
		if (connection.isSpare) throw tooBusy("All connections of this gateway are in use");
		this.#reached.note("pipelined", String(socket.remoteAddress));
		throw tooBusy(`A connection may have at most ${PIPELINED} requests in progress`);
	}
	/** The connection waits for its client. */
	waiting(socket: Socket): void {
		if (this.#open.has(socket)) this.#waiting.add(socket);
	}
	/** The client waits for the gateway. */
	working(socket: Socket): void {
		this.#waiting.delete(socket);
	}
	/** Whether a response can still be written to the connection without breaking into another one. */
	isUnanswered(socket: Socket): boolean {
		const connection = this.#open.get(socket);
		if (!connection) return false; // it is closed, or its handshake has failed
		const responses = [...connection.responses];
		return responses.length <= 1 && responses.every(({ headersSent }) => !headersSent);
	}
}

export const tooBusy = (detail: string): ProblemError => new ProblemError(CODES.TOO_BUSY, detail);
