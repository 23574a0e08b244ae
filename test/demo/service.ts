/** Service - a server on a free port with answers defined by a test, for requests of the demo. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Service {
	readonly url: string;
	stop(): Promise<void>;
}

export async function serve(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<Service> {
	const server = createServer(answer);
	await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}/api`,
		stop: () =>
			new Promise((stopped) => {
				server.close(() => stopped());
				server.closeAllConnections();
			}),
	};
}

export function reply(outgoing: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
	const type = status < 400 ? "application/json" : "application/problem+json";
	outgoing.writeHead(status, { "content-type": type, ...headers }).end(JSON.stringify(body));
}
