/** Sessions - opens a session for a login name and its password, lists the sessions of a user, and ends them. */
import type { Context } from "moleculer";
import { CODES } from "../common/codes.ts";
import { refusalError } from "../common/errors.ts";
import { derivedId } from "../common/ids.ts";
import type { Role } from "../../model/access.ts";
import { unknownActor } from "../../model/decide.ts";
import { type Instant, refuse } from "../../model/index.ts";
import type { Done } from "../actors/envelope.ts";
import type { Attempts } from "./attempts.ts";
import { callItself } from "./itself.ts";
import { known } from "./known.ts";
import { hashOf, isOf, isWeak } from "./passwords.ts";
import { accessOf } from "./settings.ts";

export interface SignIn {
	/** The login name in lowercase; it is also the place of the call, so that one node counts the attempts with a name. */
	readonly id: string;
	readonly password: string;
	/** Digest of the token of the new session, which the gateway has made. */
	readonly credential: string;
}
export interface SignedIn {
	readonly session: string;
	readonly user: string;
	readonly roles: readonly Role[];
	readonly expiresAt: Instant;
	/** A list of sessions with this position has the new one. */
	readonly position: string;
}
interface Account {
	readonly status: "active" | "suspended";
	readonly secret: string | null;
	readonly epoch: number;
	readonly roles: readonly Role[];
}
interface Standing {
	readonly status: "open" | "ended";
	readonly user: string;
	readonly epoch: number;
	readonly from: Instant;
	readonly until: Instant;
	readonly usedAt: Instant;
}
/** A session as its user sees it. */
export interface OwnSession {
	readonly id: string;
	readonly openedAt: Instant;
	/** To the minute. */
	readonly usedAt: Instant;
	readonly expiresAt: Instant;
}

/** Login names and ids that can exist. */
const LOGIN = /^[a-z0-9._@+-]{1,64}$/;
const SESSION = /^[A-Za-z0-9._-]{1,64}$/;
/** Id of the user that a login without a user reads, only for the time that it takes. */
const ANY = "-";
/** Sessions that a list shows at most. */
const MOST_SHOWN = 100;

/** Throws UNAUTHENTICATED (401) with one text for every reason, or TOO_MANY_REQUESTS (429) after many failures with this name. */
export async function signIn(ctx: Context<SignIn>, attempts: Attempts): Promise<SignedIn> {
	const { id: login, password, credential } = ctx.params;
	const wait = attempts.wait(login, performance.now());
	if (wait > 0) throw tooMany(Math.ceil(wait / 1000));
	const { user, account } = await accountOf(ctx, login);
	const isRight = await attempts.check(
		login,
		() => performance.now(),
		async () => (await isOf(password, account?.secret ?? null)) && account?.status === "active",
	);
	if (!account || !isRight) throw refusalError(refuse(CODES.UNAUTHENTICATED, "The login name or the password is wrong"));
	await strengthened(ctx, user, password, account);
	return opened(ctx, user, account, credential);
}
/** The user with this login name. Asks and answers take the same time if there is none. */
async function accountOf(ctx: Context, login: string): Promise<{ readonly user: string; readonly account: Account | null }> {
	const holder = isId(login, LOGIN) ? await known<{ readonly user: string }>(ctx, "login.holder", login) : null;
	const account = await known<Account>(ctx, "user.account", holder?.user ?? ANY);
	return { user: holder?.user ?? "", account: holder && account };
}
const isId = (text: string, pattern: RegExp): boolean => pattern.test(text) && text !== "." && text !== "..";

const tooMany = (retryAfter: number): Error =>
	refusalError(refuse(CODES.TOO_MANY_REQUESTS, `Too many failed logins with this name: try again in ${retryAfter} s`), { retryAfter });

/** Hashes the password again if new hashes have stronger parameters than its own. */
async function strengthened(ctx: Context, user: string, password: string, { secret }: Account): Promise<void> {
	if (secret === null || !isWeak(secret)) return;
	await callItself(ctx, "user.rehash", { id: user, before: secret, after: await hashOf(password) });
}

/** The id of the session follows from its token, so that a repeated call opens one session. */
async function opened(ctx: Context, user: string, { epoch, roles }: Account, credential: string): Promise<SignedIn> {
	const id = derivedId(`session ${credential}`);
	const now = Date.now();
	const [from, until] = [now, now + accessOf(ctx.broker).lifetime].map((instant) => new Date(instant).toISOString());
	const before = await known<Standing>(ctx, "session.standing", id);
	if (before) return { session: id, user, roles, expiresAt: before.until, position: "" };
	await callItself(ctx, "credential.issue", { id: credential, kind: "session", holder: id });
	const { position } = await callItself<Done>(ctx, "session.open", { id, user, epoch, from, until });
	return { session: id, user, roles, expiresAt: String(until), position };
}

/** The sessions of a user that are valid now, the latest first. */
export async function sessionsOf(ctx: Context<unknown, { position?: string }>, user: string): Promise<readonly OwnSession[]> {
	const account = await known<Account>(ctx, "user.account", user);
	const filters = { user, status: "open", sort: "-openedAt", pageSize: MOST_SHOWN };
	const { rows } = await callItself<{ readonly rows: readonly (OwnSession & { readonly epoch: number })[] }>(ctx, "sessions.list", filters);
	const now = Date.now();
	const { idle } = accessOf(ctx.broker);
	return rows
		.filter(({ epoch, expiresAt, usedAt }) => epoch === account?.epoch && Date.parse(expiresAt) > now && Date.parse(usedAt) + idle > now)
		.map(({ id, openedAt, usedAt, expiresAt }) => ({ id, openedAt, usedAt, expiresAt }));
}

/** Ends a session of the user, and returns the position of its end. Throws SESSION_UNKNOWN (404) for one of another user, as for one that does not exist. */
export async function endSession(ctx: Context, user: string, id: string): Promise<{ readonly position: string }> {
	const session = isId(id, SESSION) ? await known<Standing>(ctx, "session.standing", id) : null;
	if (session?.user !== user) throw refusalError(unknownActor({ name: "session" }, id));
	const { position } = await callItself<Done>(ctx, "session.end", { id });
	return { position };
}
