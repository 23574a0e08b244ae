/** MongoTap - a proxy in front of a MongoDB that counts its requests by command and collection. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { BSON } from "mongodb";

const OP_MSG = 2013;
/** Commands that the driver sends for itself. */
const OWN = new Set(["hello", "ismaster", "isMaster", "ping", "endSessions", "buildInfo", "saslStart", "saslContinue"]);

export class MongoTap {
	/** Number of requests by command and collection, such as `find leases`. */
	readonly counts = new Map<string, number>();
	readonly url: string;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(server: Server, url: string) {
		this.#server = server;
		this.url = url;
	}

	/** Starts a proxy in front of the server at a URL. */
	static async before(url: string): Promise<MongoTap> {
		const { hostname, port } = new URL(url);
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const address = server.address();
		if (typeof address !== "object" || !address) throw new Error("it listens");
		const own = new URL(url);
		own.host = `127.0.0.1:${address.port}`;
		own.searchParams.set("directConnection", "true");
		const tap = new MongoTap(server, own.href);
		server.on("connection", (client) => tap.#pass(client, connect(Number(port || 27_017), hostname)));
		return tap;
	}

	get total(): number {
		return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
	}
	/** Resets the counts. */
	begin(): void {
		this.counts.clear();
	}
	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#pass(client: Socket, server: Socket): void {
		let rest = Buffer.alloc(0);
		for (const socket of [client, server]) {
			this.#sockets.add(socket);
			socket.on("error", () => undefined);
			socket.on("close", () => [client, server].forEach((one) => one.destroy()));
		}
		client.on("data", (bytes) => {
			server.write(bytes);
			rest = Buffer.concat([rest, bytes]);
			while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
				const length = rest.readInt32LE(0);
				this.#count(rest.subarray(0, length));
				rest = rest.subarray(length);
			}
		});
		server.pipe(client);
	}
	#count(message: Buffer): void {
		if (message.readInt32LE(12) !== OP_MSG || message[20] !== 0) return;
		const [[command, target] = []] = Object.entries(BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21))));
		if (command === undefined || OWN.has(command)) return;
		const key = `${command} ${String(target)}`;
		this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
	}
}
