/** Authenticate - finds out whose a bearer token is, from its digest alone, and whether it is valid now. */
import type { Context } from "moleculer";
import { CODES } from "../common/codes.ts";
import { refusalError, refusalOf } from "../common/errors.ts";
import type { Role } from "../../model/access.ts";
import { type Instant, refuse } from "../../model/index.ts";
import { callItself } from "./itself.ts";
import { accessOf } from "./settings.ts";

/** Whose a token is. */
export interface Identity {
	readonly kind: "user" | "client";
	readonly id: string;
	readonly name: string;
	readonly roles: readonly Role[];
	readonly agency?: string;
	/** The radar of a device. */
	readonly radar?: string;
	/** The session, or the number of the secret of a client; it does not reveal the token. */
	readonly sid: string;
	/** The token is not valid after this instant without further use; null for the secret of a client. */
	readonly expiresAt: Instant | null;
}
interface Holder {
	readonly kind: "session" | "client";
	readonly holder: string;
}
interface ClientAccount extends Pick<Identity, "name" | "roles" | "agency" | "radar"> {
	readonly status: "active" | "revoked";
	readonly secret: string;
	readonly secrets: number;
}
interface UserAccount extends Pick<Identity, "name" | "roles" | "agency"> {
	readonly status: "active" | "suspended";
	readonly epoch: number;
}
interface Standing {
	readonly status: "open" | "ended";
	readonly user: string;
	readonly epoch: number;
	readonly until: Instant;
	readonly usedAt: Instant;
}

/** Milliseconds of use after which the session is renewed in the log. */
const RENEW_AFTER = 60_000;

/** One text for every reason: unknown, expired, revoked, suspended. */
export const unauthenticated = (): Error =>
	refusalError(refuse(CODES.UNAUTHENTICATED, "Log in, or send the secret of a client, as a bearer token"));

/** `credential`: digest of the token. Throws UNAUTHENTICATED (401) if it is not valid. */
export async function authenticate(ctx: Context, credential: string): Promise<Identity> {
	const { kind, holder } = await asked<Holder>(ctx, "credential.holder", credential);
	return kind === "client" ? ofClient(ctx, holder, credential) : ofSession(ctx, holder);
}

/** An actor that does not exist makes the token invalid, for example after a crash between two commands. */
async function asked<T>(ctx: Context, ask: string, id: string): Promise<T> {
	try {
		return await callItself<T>(ctx, ask, { id });
	} catch (error) {
		throw refusalOf(error) ? unauthenticated() : error;
	}
}

async function ofClient(ctx: Context, id: string, credential: string): Promise<Identity> {
	const { status, secret, secrets, name, roles, agency, radar } = await asked<ClientAccount>(ctx, "client.account", id);
	if (status !== "active" || secret !== credential) throw unauthenticated();
	return {
		kind: "client",
		id,
		name,
		roles,
		...(agency === undefined ? {} : { agency }),
		...(radar === undefined ? {} : { radar }),
		sid: `client:${id}:${secrets}`,
		expiresAt: null,
	};
}

/** Sessions use the clock of the machine, because a manual clock stands still. */
async function ofSession(ctx: Context, sid: string): Promise<Identity> {
	const { idle } = accessOf(ctx.broker);
	const { status, user, epoch, until, usedAt } = await asked<Standing>(ctx, "session.standing", sid);
	const now = Date.now();
	if (status !== "open" || now >= Date.parse(until) || now >= Date.parse(usedAt) + idle) throw unauthenticated();
	const account = await asked<UserAccount>(ctx, "user.account", user);
	if (account.status !== "active" || account.epoch !== epoch) throw unauthenticated();
	const renews = now - Date.parse(usedAt) >= Math.min(RENEW_AFTER, idle / 2);
	if (renews) await callItself(ctx, "session.use", { id: sid, at: new Date(now).toISOString() });
	const used = renews ? now : Date.parse(usedAt);
	return {
		kind: "user",
		id: user,
		name: account.name,
		roles: account.roles,
		...(account.agency === undefined ? {} : { agency: account.agency }),
		sid,
		expiresAt: new Date(Math.min(Date.parse(until), used + idle)).toISOString(),
	};
}
