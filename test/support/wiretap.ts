/** Wiretap - a NATS client without the cluster key: it records every message on the server, and can repeat, change and forge messages. */
import { connect, type NatsConnection } from "nats";
import type { Nats } from "./cluster.ts";

export interface Recorded {
	readonly subject: string;
	readonly data: Buffer;
}

export class Wiretap {
	readonly recorded: Recorded[] = [];
	readonly #client: NatsConnection;

	private constructor(client: NatsConnection) {
		this.#client = client;
	}
	static async on(nats: Nats): Promise<Wiretap> {
		const tap = new Wiretap(await connect({ servers: nats.url }));
		tap.#client.subscribe(">", { callback: (_error, { subject, data }) => void tap.recorded.push({ subject, data: Buffer.from(data) }) });
		await tap.#client.flush();
		return tap;
	}
	/** Recorded packets of these types. */
	of(...types: readonly string[]): readonly Recorded[] {
		return this.recorded.filter(({ subject }) => types.includes(subject.split(".")[2] ?? ""));
	}
	/** Sends the messages, and waits until the server has passed them on. */
	async send(messages: Iterable<Recorded>): Promise<void> {
		for (const { subject, data } of messages) this.#client.publish(subject, data);
		await this.#client.flush();
	}
	close(): Promise<void> {
		return this.#client.close();
	}
}
