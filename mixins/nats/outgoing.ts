/**
 * Outgoing - while messages come in quick succession, publishes those of one turn of the event loop together, so that they share one write
 * to the socket: the client would write after each of them, and a write costs more than everything else about a message. A message that
 * comes alone is published at once.
 */
import { nodeTimers } from "../common/timers.ts";

export interface Message {
	readonly subject: string;
	readonly data: Buffer;
	/** The subject on which the server reports that there is no recipient. */
	readonly reply?: string | undefined;
}

/** Milliseconds between two messages below which further ones are likely in the same turn. */
const CLOSE = 0.1;
/** Consecutive turns with one message after which messages come alone again. */
const ALONE = 8;

export class Outgoing {
	readonly #publish: (message: Message) => void;
	readonly #clock: () => number;
	#messages: Message[] = [];
	#last = -Infinity;
	/** Turns with one message since the last one with several; from ALONE on, messages are published at once. */
	#alone = ALONE;

	/** `publish`: throws if there is no connection, and the message is lost. `clock`: milliseconds of a monotonic clock. */
	constructor(publish: (message: Message) => void, clock = () => performance.now()) {
		this.#publish = publish;
		this.#clock = clock;
	}
	add(message: Message): void {
		const isFirst = this.#messages.push(message) === 1;
		if (this.#alone < ALONE) {
			if (isFirst) nodeTimers.soon(() => this.#endTurn());
			return;
		}
		const now = this.#clock();
		if (now - this.#last < CLOSE) this.#alone = 0;
		this.#last = now;
		this.flush();
	}
	/** Publishes them at once, in order. */
	flush(): void {
		const messages = this.#messages;
		this.#messages = [];
		try {
			for (const message of messages) this.#publish(message);
		} catch {
			// the connection is closed: this process ends, or notices it by itself
		}
	}
	#endTurn(): void {
		this.#alone = this.#messages.length > 1 ? 0 : this.#alone + 1;
		this.flush();
	}
}
