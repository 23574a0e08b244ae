/**
 * Outgoing - publishes the messages of one turn of the event loop together, so that they share one write to the socket: the client would
 * write after each of them, and a write costs more than everything else about a message. A message that is likely to be alone is published
 * at once, because a single request would wait for the end of the turn at every node.
 */
import { nodeTimers } from "../common/timers.ts";

export interface Message {
	readonly subject: string;
	readonly data: Buffer;
	/** The subject on which the server reports that there is no recipient. */
	readonly reply?: string | undefined;
}

export class Outgoing {
	readonly #publish: (message: Message) => void;
	#messages: Message[] = [];
	/** Messages of this turn so far. */
	#count = 0;
	/** Whether the last turn with messages had several. */
	#several = false;

	/** `publish`: throws if there is no connection, and the message is lost. */
	constructor(publish: (message: Message) => void) {
		this.#publish = publish;
	}
	add(message: Message): void {
		this.#messages.push(message);
		if (++this.#count > 1) return;
		nodeTimers.soon(() => this.#endTurn());
		if (!this.#several) this.flush();
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
		this.#several = this.#count > 1;
		this.#count = 0;
		this.flush();
	}
}
