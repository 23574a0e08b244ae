/** Requests - counts responses by the pattern of the route, not by the path, so that clients cannot create metric series. */
import { Histogram, SECONDS } from "../../store/histogram.ts";
import type { Give } from "../common/metric-names.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** The label of requests that match no route. */
const NONE = "none";

/** Classes of status, by their first digit; 0: the client disconnected before the response. */
const STATUSES = ["aborted", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;
/** The progress of an NDJSON upload. */
export interface Lines {
	readonly received: number;
	readonly recorded: number;
	readonly duplicates: number;
	readonly refused: number;
}
interface Route {
	readonly route: string;
	readonly method: string;
	/** Counts by class of status. */
	readonly statuses: number[];
	readonly seconds: Histogram;
}

export class Requests {
	readonly #routes = new Map<string, Route>();
	readonly #problems = new Map<string, { readonly code: string; readonly status: string; count: number }>();
	readonly #uploads = new Map<string, Lines>();
	readonly #uploading = new Set<{ readonly route: string; readonly lines: Lines }>();
	#inFlight = 0;

	/** Registers a request; returns its start time. */
	begun(): number {
		this.#inFlight++;
		return performance.now();
	}
	/** `route`: its pattern, undefined for none; `status`: 0 if the client has disconnected; `streamed`: the client decides how long it lasts. */
	ended(begun: number, route: string | undefined, method: string, status: number, streamed: boolean): void {
		this.#inFlight--;
		const found = this.#routeOf(METHODS.has(method) ? method : "other", route ?? NONE);
		const group = (status / 100) | 0;
		found.statuses[group] = (found.statuses[group] ?? 0) + 1;
		if (!streamed) found.seconds.observe((performance.now() - begun) / 1000);
	}
	#routeOf(method: string, route: string): Route {
		const key = `${method} ${route}`;
		let found = this.#routes.get(key);
		if (!found) this.#routes.set(key, (found = { route, method, statuses: STATUSES.map(() => 0), seconds: new Histogram(SECONDS) }));
		return found;
	}

	/** Counts an error response. */
	problem(code: string, status: number): void {
		const key = `${status} ${code}`;
		let found = this.#problems.get(key);
		if (!found) this.#problems.set(key, (found = { code, status: String(status), count: 0 }));
		found.count++;
	}

	/** Registers an upload, which updates `lines` itself; call the returned function at its end. */
	uploading(route: string, lines: Lines): () => void {
		const upload = { route, lines };
		this.#uploading.add(upload);
		return () => {
			this.#uploading.delete(upload);
			this.#uploads.set(route, added(this.#uploads.get(route), lines));
		};
	}

	figures(give: Give): void {
		for (const { route, method, statuses, seconds } of this.#routes.values()) {
			for (const [i, status] of STATUSES.entries())
				if (statuses[i]) give("vigie_http_requests_total", statuses[i], { route, method, status });
			if (seconds.count > 0) give("vigie_http_request_duration_seconds", seconds, { route, method });
		}
		for (const { code, status, count } of this.#problems.values()) give("vigie_http_problems_total", count, { code, status });
		give("vigie_http_requests_in_flight", this.#inFlight, {});
		const uploads = new Map(this.#uploads);
		for (const { route, lines } of this.#uploading) uploads.set(route, added(uploads.get(route), lines));
		for (const [route, { received, recorded, duplicates, refused }] of uploads) {
			give("vigie_http_bulk_received_total", received, { route });
			give("vigie_http_bulk_lines_total", recorded, { route, outcome: "recorded" });
			give("vigie_http_bulk_lines_total", duplicates, { route, outcome: "duplicate" });
			give("vigie_http_bulk_lines_total", refused, { route, outcome: "refused" });
		}
	}
}

const added = (sum: Lines | undefined, { received, recorded, duplicates, refused }: Lines): Lines => ({
	received: (sum?.received ?? 0) + received,
	recorded: (sum?.recorded ?? 0) + recorded,
	duplicates: (sum?.duplicates ?? 0) + duplicates,
	refused: (sum?.refused ?? 0) + refused,
});
