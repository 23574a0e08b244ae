/** Insider - a NATS client that has the cluster key but is no node of the product: it opens what nodes send, and sends any packet itself. */
import { connect, type ConnectionOptions, type NatsConnection } from "nats";
import { type ClusterKeys, clusterKeysIn } from "../../mixins/nats/cluster-keys.ts";
import { type Deliver, Sealing } from "../../mixins/nats/sealing.ts";
import { CLUSTER_KEY } from "./cluster.ts";

const PREFIX = "MOL-vigie";
const HEARTBEAT = /^(MOL-vigie\.([^.]+))\.HEARTBEAT$/;

export class Insider {
	readonly #client: NatsConnection;
	readonly #sealing: Sealing;
	#prefix = "";

	private constructor(client: NatsConnection, name: string, key: string) {
		this.#client = client;
		this.#sealing = new Sealing(clusterKeysIn(key) as ClusterKeys, {
			node: name,
			send: (type, receiver, sealed) => client.publish(`${this.#prefix}.${type}.${receiver}`, sealed),
			warn: () => undefined,
		});
	}
	/** Resolves at the first heartbeat of a node. `hear`: gets each packet for this client or for all nodes. */
	static async join(options: ConnectionOptions, name: string, hear: Deliver, key = CLUSTER_KEY): Promise<Insider> {
		const client = await connect(options);
		const insider = new Insider(client, name, key);
		insider.#sealing.deliver = hear;
		await new Promise<void>((joined) => {
			client.subscribe(`${PREFIX}.>`, {
				callback: (_error, { subject, data }) => {
					const [, prefix, installation] = HEARTBEAT.exec(subject) ?? [];
					if (prefix !== undefined && installation !== undefined && insider.#prefix === "") {
						insider.#prefix = prefix;
						insider.#sealing.enter(installation);
						joined();
					}
					const [, type, receiver] = new RegExp(`^${insider.#prefix}\\.([A-Za-z]+)(?:\\.(.+))?$`).exec(subject) ?? [];
					if (type !== undefined && (receiver === undefined || receiver === name)) insider.#sealing.receive(type, Buffer.from(data));
				},
			});
		});
		return insider;
	}
	/** Sends a packet to one node, or to all. */
	say(type: string, content: object, receiver: string | null = null): void {
		const message = Buffer.from(JSON.stringify({ ver: "5", ...content }));
		this.#client.publish(
			[this.#prefix, type, ...(receiver === null ? [] : [receiver])].join("."),
			this.#sealing.seal(type, receiver, message),
		);
	}
	flush(): Promise<void> {
		return this.#client.flush();
	}
	close(): Promise<void> {
		return this.#client.close();
	}
}
