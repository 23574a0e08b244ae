/**
 * Authentication - finds out who sends a request: the holder of the token in `Authorization: Bearer` or in the cookie of a session. The
 * identity context knows the holders by the hash of their token; a gateway remembers its answer for half a second.
 */
import type { IncomingMessage } from "node:http";
import type { Identity } from "../../model/access.ts";
import { sameJson } from "../../model/index.ts";
import { VISITOR } from "../access/access.ts";
import { BoundedCache } from "../common/bounded-cache.ts";
import { isOutage } from "../common/errors.ts";
import { within } from "../common/within.ts";
import { digestOf } from "../identity/tokens.ts";

/** Milliseconds that an answer counts: a suspended user has to be refused within a second. */
const FRESH = 500;
/** Milliseconds after which a request uses the last answer, while the next one is under way. */
const PATIENCE = 250;
/** Milliseconds that the last answer counts while the identity context does not answer. */
const GRACE = 30_000;
/** Credentials that are remembered, at most twice as many. */
const REMEMBERED = 10_000;

interface Known {
	readonly at: number;
	readonly answer: Promise<Identity>;
	/** The last identity that was confirmed, and when. */
	readonly last: { readonly identity: Identity; readonly at: number } | null;
}

export class Authentication {
	readonly #known = new BoundedCache<Known>(REMEMBERED);
	readonly #tokenOf: (req: IncomingMessage) => string | null;
	readonly #identify: (credential: string) => Promise<Identity>;
	readonly #clock: () => number;

	/** `tokenOf`: the token of a request; null without one. `identify`: the holder of the token with this digest. `clock`: monotonic, in ms. */
	constructor(
		tokenOf: (req: IncomingMessage) => string | null,
		identify: (credential: string) => Promise<Identity>,
		clock: () => number = () => performance.now(),
	) {
		this.#tokenOf = tokenOf;
		this.#identify = identify;
		this.#clock = clock;
	}

	/** The caller; a visitor without a token. Rejects with UNAUTHENTICATED (401) for a token that is not valid. */
	of(req: IncomingMessage): Promise<Identity> {
		const token = this.#tokenOf(req);
		return token === null ? Promise.resolve(VISITOR) : this.#holder(digestOf(token));
	}

	#holder(credential: string): Promise<Identity> {
		const now = this.#clock();
		const known = this.#known.get(credential);
		if (known && now - known.at < FRESH) return known.answer;
		const last = known?.last && now - known.last.at < GRACE ? known.last : null;
		const asked = this.#identify(credential).then((found) => (last && sameJson(found, last.identity) ? last.identity : found)); // the same object keeps its passport
		const entry: Known = { at: now, answer: last ? inTime(asked, last.identity) : asked, last };
		this.#known.set(credential, entry);
		entry.answer.catch(() => undefined); // every request of the same half second gets it
		asked.then(
			(identity) => this.#replace(credential, entry, { at: now, answer: asked, last: { identity, at: now } }),
			(error: unknown) => isOutage(error) || this.#replace(credential, entry, { at: now, answer: asked, last: null }),
		);
		return entry.answer;
	}
	/** An answer that is overtaken by a later question does not count. */
	#replace(credential: string, asked: Known, answered: Known): void {
		if (this.#known.get(credential) === asked) this.#known.set(credential, answered);
	}
}

/** The answer; the last identity if the identity context is slow or unavailable. */
const inTime = (asked: Promise<Identity>, last: Identity): Promise<Identity> =>
	within(PATIENCE, asked, () => last).catch((error: unknown) => (isOutage(error) ? last : Promise.reject(error)));
