/**
 * GivenPasswords - the guard of users: replaces the password of a command by its hash, and claims the login name of a new user.
 *
 * A hash has a random salt, so the same password has another hash each time. A command is still idempotent: a password that fits the
 * stored hash is replaced by that hash, so the model sees the value that it knows, and "already so" needs no secret.
 */
import type { Context } from "moleculer";
import type { Guard, Guarded, Kept } from "../actors/guard.ts";
import { callItself } from "./itself.ts";
import { known } from "./known.ts";
import { hashOf, isOf, namedDigest } from "./passwords.ts";

/** The hashes of a user that the guard compares with. */
interface Account {
	/** The first password, and the present one. */
	readonly firstSecret: string | null;
	readonly secret: string | null;
}
/** The command that creates a user, and is compared with the first password. */
const REGISTER = "register";

export const GivenPasswords =
	(service: string): Guard =>
	async (ctx, { command, params, commandId, digest }: Guarded): Promise<Kept> => {
		const { password, login, ...rest } = params;
		const account = await known<Account>(ctx, `${service}.account`, params.id);
		if (command === REGISTER && account === null) await claim(ctx, String(login), params.id, service);
		const named = login === undefined ? rest : { ...rest, login };
		if (typeof password !== "string") return { params: named, digest };
		const stored = (command === REGISTER ? account?.firstSecret : account?.secret) ?? null;
		const hash = stored !== null && (await isOf(password, stored)) ? stored : await hashOf(password);
		const whole = digest === undefined ? undefined : `${digest}.${await namedDigest(password, `${service} ${params.id} ${commandId}`)}`;
		return { params: { ...named, password: hash }, digest: whole };
	};

/** Claims the name for a user that is about to be registered. Takes it over from a user that was never registered. */
async function claim(ctx: Context, login: string, user: string, service: string): Promise<void> {
	const holder = (await known<{ readonly user: string }>(ctx, "login.holder", login))?.user;
	const isTaken = holder !== undefined && holder !== user && (await known(ctx, `${service}.account`, holder)) !== null;
	if (isTaken) return; // the claim that the command consults belongs to another user, so it is refused
	const insteadOf = holder === undefined || holder === user ? {} : { insteadOf: holder };
	await callItself(ctx, "login.claim", { id: login, user, ...insteadOf });
}
