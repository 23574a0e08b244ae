/**
 * Places - the connections of a gateway: as many as it may have, and when all are in use the client that has been silent longest makes
 * room for the one that comes, so that nobody shuts others out by holding connections open.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Limits, PIPELINED, type Reached } from "./limits.ts";
import { ProblemError } from "./problem.ts";

interface Connection {
	/** Came when there was no place for it: its request is answered that it may come again. */
	readonly isSpare: boolean;
	readonly answers: Set<ServerResponse>;
	/** Ends with the answers that are under way; what was sent after their requests is not looked at. */
	isLast: boolean;
}
/** Connections beyond the limit, at the most, while no place can be made. */
const SPARE = 16;

export class Places {
	readonly #limits: Limits;
	readonly #reached: Reached;
	readonly #open = new Map<Socket, Connection>();
	/** Those whose client has the next word - a request, or more of one -, the one that is silent longest first. */
	readonly #waiting = new Set<Socket>();

	constructor(limits: Limits, reached: Reached) {
		this.#limits = limits;
		this.#reached = reached;
	}
	get size(): number {
		return this.#open.size;
	}

	connected(socket: Socket): void {
		const { connections, openFiles } = this.#limits;
		const full = this.#open.size >= connections;
		if (full) this.#reached.note("connections", `there are ${connections}, of ${openFiles} open files`);
		const isSpare = full && !this.#makeRoom();
		if (isSpare && this.#open.size >= connections + SPARE) return void socket.destroy();
		this.#open.set(socket, { isSpare, answers: new Set(), isLast: false });
		this.#waiting.add(socket);
		socket.once("close", () => this.#forget(socket));
	}
	#makeRoom(): boolean {
		const socket = this.#waiting.values().next().value ?? this.#notRead();
		if (!socket) return false;
		this.#forget(socket);
		socket.destroy();
		return true;
	}
	/** A client that was answered and does not read it. */
	#notRead(): Socket | undefined {
		for (const [socket, { answers }] of this.#open) if ([...answers].some((res) => res.writableEnded)) return socket;
		return undefined;
	}
	#forget(socket: Socket): void {
		this.#open.delete(socket);
		this.#waiting.delete(socket);
	}

	/** Whether a request that has come is answered; throws where it is one too many, and the last of its connection. */
	begun({ socket }: IncomingMessage, res: ServerResponse): boolean {
		const connection = this.#open.get(socket);
		if (!connection || connection.isLast) return false; // closed for another one, or about to be
		connection.answers.add(res);
		this.works(socket);
		res.once("close", () => {
			connection.answers.delete(res);
			if (connection.answers.size === 0) this.waits(socket);
		});
		if (!connection.isSpare && connection.answers.size <= PIPELINED) return true;
		connection.isLast = true;
		res.setHeader("Connection", "close");
		if (connection.isSpare) throw tooBusy("All connections of this gateway are in use");
		this.#reached.note("pipelined", String(socket.remoteAddress));
		throw tooBusy(`A connection has at most ${PIPELINED} requests under way`);
	}
	/** The client has the next word. */
	waits(socket: Socket): void {
		if (this.#open.has(socket)) this.#waiting.add(socket);
	}
	/** The gateway has. */
	works(socket: Socket): void {
		this.#waiting.delete(socket);
	}
	/** Whether nothing of an answer has been sent on it yet, so that one may be. */
	isUnanswered(socket: Socket): boolean {
		const answers = [...(this.#open.get(socket)?.answers ?? [])];
		return answers.length <= 1 && answers.every(({ headersSent }) => !headersSent);
	}
}

export const tooBusy = (detail: string): ProblemError => new ProblemError(503, "TOO_BUSY", detail, { retryAfter: 1 });
