/** Watch - each request is counted when it is over, under the route that took it. */
import type { ServerResponse } from "node:http";
import type { Requests } from "./requests.ts";
import { type Incoming, typeOf } from "./request.ts";

export const NDJSON = "application/x-ndjson";
const LIVE = "/api/live";

/** What is needed of a gateway. */
export interface Watched {
	/** What was answered. */
	readonly requests: Requests;
	/** How moleculer-web finds the route of a path. */
	resolveAlias(path: string, method: string): { readonly alias: { readonly fullPath: string } } | false;
}

export function watch(gateway: Watched, req: Incoming, res: ServerResponse): void {
	const begun = gateway.requests.begun();
	res.on("close", () => {
		const route = routeOf(gateway, req);
		const streamed = route === LIVE || (req.method === "POST" && typeOf(req) === NDJSON);
		gateway.requests.ended(begun, route, req.method ?? "", res.headersSent ? res.statusCode : 0, streamed);
	});
}

/** What went wrong before a route took the request is looked up under the one it was meant for; a path nobody can read has none. */
function routeOf(gateway: Watched, { $alias, parsedUrl, method }: Incoming): string | undefined {
	if ($alias) return $alias.fullPath;
	try {
		const found = gateway.resolveAlias(parsedUrl ?? "", method ?? "");
		return found ? found.alias.fullPath : undefined;
	} catch {
		return undefined;
	}
}
