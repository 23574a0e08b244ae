/**
 * Authentication - finds out who sends a request: the holder of the token in `Authorization: Bearer` or in the cookie of a session. The
 * identity context knows the holders by the hash of their token; a gateway remembers its answer for half a second.
 */
import type { IncomingMessage } from "node:http";
import type { Identity } from "../../model/access.ts";
import { sameJson } from "../../model/index.ts";
import { VISITOR } from "../access/access.ts";
import { BoundedCache } from "../common/bounded-cache.ts";
import { CODES } from "../common/codes.ts";
import { isOutage } from "../common/errors.ts";
import { digestOf } from "../identity/tokens.ts";
import { ProblemError } from "./server/problem.ts";

/** Milliseconds that an answer counts: a suspended user has to be refused within a second. */
const FRESH = 500;
/** Milliseconds that the last answer counts while the identity context does not answer. */
const GRACE = 30_000;
/** Credentials that are remembered, at most twice as many. */
const REMEMBERED = 10_000;

/** Names of the cookie of a session: over TLS, and over plain HTTP from the same machine. */
export const COOKIES = { secure: "__Host-vigie", plain: "vigie" } as const;

interface Known {
	readonly at: number;
	readonly answer: Promise<Identity>;
	/** The last identity that was confirmed, and when. */
	readonly last: { readonly identity: Identity; readonly at: number } | null;
}

export class Authentication {
	readonly #known = new BoundedCache<Known>(REMEMBERED);
	readonly #identify: (credential: string) => Promise<Identity>;
	readonly #clock: () => number;

	/** `identify`: the holder of the token with this hash. `clock`: milliseconds of a monotonic clock. */
	constructor(identify: (credential: string) => Promise<Identity>, clock: () => number = () => performance.now()) {
		this.#identify = identify;
		this.#clock = clock;
	}

	/** The caller; a visitor without a token. Rejects with UNAUTHENTICATED (401) for a token that is not valid. */
	of(req: IncomingMessage): Promise<Identity> {
		const token = tokenIn(req);
		return token === null ? Promise.resolve(VISITOR) : this.#holder(digestOf(token));
	}

	#holder(credential: string): Promise<Identity> {
		const now = this.#clock();
		const known = this.#known.get(credential);
		if (known && now - known.at < FRESH) return known.answer;
		const last = known?.last ?? null;
		const answer = this.#identify(credential).then(
			(found) => this.#confirmed(credential, now, last && sameJson(found, last.identity) ? last.identity : found),
			(error: unknown) => {
				if (last && isOutage(error) && now - last.at < GRACE) return last.identity;
				throw error;
			},
		);
		this.#known.set(credential, { at: now, answer, last });
		answer.catch(() => undefined); // every request of the same half second gets it
		return answer;
	}
	/** The same object while nothing changes, so that its passport is reused. */
	#confirmed(credential: string, at: number, identity: Identity): Identity {
		this.#known.set(credential, { at, answer: Promise.resolve(identity), last: { identity, at } });
		return identity;
	}
}

/** The token of a request; null without one. Throws UNAUTHENTICATED (401) for other credentials. */
export function tokenIn({ headers }: IncomingMessage): string | null {
	const authorization = headers["authorization"];
	if (authorization === undefined) return cookieIn(headers["cookie"] ?? "");
	const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization) ?? [];
	if (token === undefined) throw new ProblemError(CODES.UNAUTHENTICATED, "The Authorization header has to be `Bearer` and a token");
	return token;
}
function cookieIn(header: string): string | null {
	const cookies = new Map(
		header.split(";").map((pair) => {
			const cut = pair.indexOf("=");
			return [pair.slice(0, cut).trim(), pair.slice(cut + 1).trim()] as const;
		}),
	);
	return cookies.get(COOKIES.secure) ?? cookies.get(COOKIES.plain) ?? null;
}
