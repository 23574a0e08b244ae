/** Transport - how tests connect to a system: plain, or over TLS with a certificate that the system gets in its settings. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, type ClientRequest, request, type RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as secureConnect } from "node:tls";
import { Folder } from "./folder.ts";

export interface Transport {
	readonly name: "http" | "https";
	/** Settings of the system. */
	readonly settings: Readonly<Record<string, string>>;
	agent(): Agent;
	request(options: RequestOptions): ClientRequest;
	/** `ready`: called when bytes can be sent, and with TLS, when the server has finished its part of the handshake, too. */
	connect(port: number, host: string, ready: () => void): Socket;
}
const POOL = { keepAlive: true, maxSockets: 64 };

export const plain: Transport = { name: "http", settings: {}, agent: () => new Agent(POOL), request, connect };

/** Writes `<name>.pem` and `<name>.key`: a certificate of its own for localhost and 127.0.0.1. Returns the settings that name them. */
export function certified(folder: Folder, name: string): { readonly TLS_CERT: string; readonly TLS_KEY: string } {
	const files = { TLS_CERT: folder.file(`${name}.pem`), TLS_KEY: folder.file(`${name}.key`) };
	const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name} -addext subjectAltName=DNS:localhost,IP:127.0.0.1`;
	execFileSync("openssl", [...words.split(" "), "-keyout", files.TLS_KEY, "-out", files.TLS_CERT], { stdio: "ignore" });
	return files;
}

/** TLS with verification of the certificate in `settings`. */
export function secure(settings: ReturnType<typeof certified>): Transport {
	const trust = { ca: readFileSync(settings.TLS_CERT), servername: "localhost" };
	return {
		name: "https",
		settings,
		agent: () => new SecureAgent({ ...POOL, ...trust }),
		request: (options) => secureRequest({ ...options, ...trust }),
		// A server sends its ticket last. What is written while the ticket is being read is lost.
		connect: (port, host, ready) => secureConnect({ ...trust, port, host }).once("session", () => setImmediate(ready)),
	};
}

/** Resolves when a connection is closed, also by a reset: over TLS a client answers the end of the server, which may have closed it already. */
export const closed = (socket: Socket): Promise<void> =>
	new Promise((resolve) => void socket.on("error", () => undefined).once("close", () => resolve()));
