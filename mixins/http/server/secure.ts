/** Secure - creates HTTP servers, over TLS if the node has a certificate, and gives them the certificates that replace it. */
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { Server as TlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { Socket } from "node:net";
import type { Certificate } from "./certificate.ts";

/** The same addresses and ports belong to the encrypted connection and to the TCP connection below it. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
	[remoteAddress, remotePort, localAddress, localPort].join(" ");

/** An HTTPS server that also closes connections during their handshake. Node closes only those after it, so a silent client would delay the shutdown. */
export class SecureServer extends TlsServer {
	/** TCP connections before the end of the handshake. */
	readonly #shaking = new Map<string, Socket>();

	constructor(options: TlsOptions, handler: RequestListener) {
		super(options, handler);
		this.on("connection", (socket: Socket) => {
			const ends = endsOf(socket);
			this.#shaking.set(ends, socket);
			socket.once("close", () => {
				if (this.#shaking.get(ends) === socket) this.#shaking.delete(ends);
			});
		});
	}

	/** Calls the listener with each encrypted connection and the TCP connection below it, before its first request. */
	onSecured(listener: (encrypted: Socket, below: Socket) => void): void {
		this.prependListener("secureConnection", (encrypted: Socket) => {
			const ends = endsOf(encrypted);
			const below = this.#shaking.get(ends);
			this.#shaking.delete(ends);
			if (below) listener(encrypted, below);
			else encrypted.destroy(); // the client has gone in the meantime
		});
	}

	override closeAllConnections(): void {
		super.closeAllConnections();
		for (const socket of this.#shaking.values()) socket.destroy();
	}
}

export function listenerOf(options: ServerOptions, handler: RequestListener, certificate: Certificate | null): Server | SecureServer {
	if (!certificate) return createServer(options, handler);
	const time = options.headersTimeout;
	const tcp = { allowHalfOpen: true, noDelay: true }; // as Node sets for plain HTTP
	const server = new SecureServer({ ...options, ...tcp, ...certificate.context, ...(time ? { handshakeTimeout: time } : {}) }, handler);
	certificate.onChange((context) => server.setSecureContext(context));
	return server;
}
