/** Watch - counts each request under its route when the response is closed. */
import type { ServerResponse } from "node:http";
import type { Requests } from "./requests.ts";
import { type Incoming, typeOf } from "./request.ts";

export const NDJSON = "application/x-ndjson";
const LIVE = "/api/live";

/** The part of a gateway that this file needs. */
export interface Watched {
	readonly requests: Requests;
	/** A method of moleculer-web. */
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

/** The pattern of the route. Resolves it from the path if the request failed before routing; a malformed path has no route. */
function routeOf(gateway: Watched, { $alias, parsedUrl, method }: Incoming): string | undefined {
	if ($alias) return $alias.fullPath;
	try {
		const found = gateway.resolveAlias(parsedUrl ?? "", method ?? "");
		return found ? found.alias.fullPath : undefined;
	} catch {
		return undefined;
	}
}
