/**
 * Rates - how many requests and how much content each client may send a second. Each has a bucket of tokens that fills at that rate, so that a
 * client may also send a burst after a pause.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CODES } from "../../common/codes.ts";
import { BoundedCache } from "../../common/bounded-cache.ts";
import { callerOf } from "./callers.ts";
import type { Reached } from "./limits.ts";
import { ProblemError } from "./problem.ts";

/** A bucket holds what arrives in so many seconds. */
const BURST = 10;
/** Clients whose buckets are kept, at least; twice as many at most. A bucket that is dropped is full again. */
const CLIENTS = 10_000;

interface Bucket {
	tokens: number;
	/** Milliseconds. */
	at: number;
}
/** A bucket of tokens for each key. */
export class Buckets {
	readonly #perSecond: number;
	readonly #most: number;
	readonly #buckets: BoundedCache<Bucket>;

	/** `perSecond`: 0 for no limit. */
	constructor(perSecond: number, clients = CLIENTS) {
		this.#perSecond = perSecond;
		this.#most = perSecond * BURST;
		this.#buckets = new BoundedCache(clients);
	}
	/** Keys in memory. */
	get size(): number {
		return this.#buckets.size;
	}
	/** Takes tokens, if there are enough. Returns the milliseconds until there are, or 0. */
	take(key: string, tokens: number, now: number): number {
		const bucket = this.#at(key, now);
		const missing = tokens - bucket.tokens;
		if (this.#perSecond > 0 && missing > 0) return (missing / this.#perSecond) * 1000;
		bucket.tokens -= tokens;
		return 0;
	}
	/** Takes tokens also if there are not enough. Returns the milliseconds until the bucket is no longer in debt. */
	owe(key: string, tokens: number, now: number): number {
		if (this.#perSecond === 0) return 0;
		const bucket = this.#at(key, now);
		bucket.tokens -= tokens;
		return Math.max(0, (-bucket.tokens / this.#perSecond) * 1000);
	}
	#at(key: string, now: number): Bucket {
		const kept = this.#buckets.get(key);
		const bucket = kept ?? { tokens: this.#most, at: now };
		if (!kept) this.#buckets.set(key, bucket);
		bucket.tokens = Math.min(this.#most, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
		bucket.at = now;
		return bucket;
	}
}

/** Limits of one client; 0 for none. */
export interface RateSettings {
	/** Requests a second. */
	readonly requests: number;
	/** MiB of content a second. */
	readonly content: number;
}
export class Rates {
	readonly #behindProxy: boolean;
	readonly #reached: Reached;
	readonly #requests: Buckets;
	readonly #content: Buckets;

	constructor({ requests, content }: RateSettings, behindProxy: boolean, reached: Reached) {
		this.#behindProxy = behindProxy;
		this.#reached = reached;
		this.#requests = new Buckets(requests);
		this.#content = new Buckets(content * 1024 * 1024);
	}
	/** The client that a request comes from; null if it has no limit. */
	callerOf(req: IncomingMessage): string | null {
		return callerOf(req, this.#behindProxy);
	}
	/** Counts a request; throws if its client sends too many. */
	request(req: IncomingMessage): void {
		const caller = this.callerOf(req);
		const wait = caller === null ? 0 : this.#requests.take(caller, 1, performance.now());
		if (wait === 0) return;
		this.#reached.note("requests", String(caller));
		throw new ProblemError(CODES.TOO_MANY_REQUESTS, "This client sends more requests than RATE_REQUESTS allows", {
			retryAfter: Math.ceil(wait / 1000),
		});
	}
	/** Counts content that has arrived. Null if more of it may be read at once; else resolves when it may, or when the response is closed. */
	content(req: IncomingMessage, res: ServerResponse, bytes: number): Promise<void> | null {
		const caller = this.callerOf(req);
		const wait = caller === null ? 0 : this.#content.owe(caller, bytes, performance.now());
		if (wait === 0 || res.closed) return null;
		this.#reached.note("content", String(caller));
		return new Promise((resolve) => {
			const done = () => {
				clearTimeout(timer);
				res.off("close", done);
				resolve();
			};
			const timer = setTimeout(done, wait);
			res.once("close", done);
		});
	}
}
