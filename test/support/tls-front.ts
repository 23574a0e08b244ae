/** TlsFront - a server that ends TLS in front of a server without it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createServer, type Server, type TlsOptions } from "node:tls";

export class TlsFront {
	/** Common names of the certificates that clients presented; empty for a client without one. */
	readonly clients: string[] = [];
	/** First bytes of connections that were not TLS. */
	readonly plain: string[] = [];
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(server: Server) {
		this.#server = server;
	}
	/** `to`: host and port of the server behind it. */
	static async before(to: string, options: TlsOptions): Promise<TlsFront> {
		const { hostname, port } = new URL(`tcp://${to}`);
		const server = createServer(options);
		const front = new TlsFront(server);
		server.on("connection", (socket: Socket) => front.#keep(socket));
		server.on("tlsClientError", ({ message }) => front.plain.push(message));
		server.on("secureConnection", (client) => {
			front.clients.push(String(client.getPeerCertificate().subject?.CN ?? ""));
			const behind = connect(Number(port), hostname);
			front.#keep(behind);
			client.on("error", () => behind.destroy());
			client.on("close", () => behind.destroy());
			behind.on("close", () => client.destroy());
			client.pipe(behind).pipe(client);
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return front;
	}
	get port(): number {
		const address = this.#server.address();
		return typeof address === "object" && address ? address.port : 0;
	}
	#keep(socket: Socket): void {
		this.#sockets.add(socket);
		socket.on("error", () => undefined);
		socket.once("close", () => this.#sockets.delete(socket));
	}
	async stop(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		this.#server.close();
		await once(this.#server, "close");
	}
}
