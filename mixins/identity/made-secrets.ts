/**
 * MadeSecrets - the guard of clients: makes a secret, and lets the model decide with its digest. The answer of the command that stored it
 * is the only place that shows the secret: a repeated command cannot show it again.
 */
import type { Guard, Guarded, Kept } from "../actors/guard.ts";
import { callItself } from "./itself.ts";
import { known } from "./known.ts";
import { digestOf, newToken } from "./tokens.ts";

/** The command that creates a client. */
const REGISTER = "register";

/**
 * Issues the credential first: without the client's own record of the digest, it is worth nothing. A command that is going to change
 * nothing, or to be refused, leaves no credential in the log.
 */
export const MadeSecrets =
	(kind: "client"): Guard =>
	async (ctx, { command, params, digest }: Guarded): Promise<Kept> => {
		const token = newToken();
		const secret = digestOf(token);
		const account = await known<{ readonly status: string }>(ctx, `${kind}.account`, params.id);
		const isWanted = command === REGISTER ? account === null : account?.status === "active";
		if (isWanted) await callItself(ctx, "credential.issue", { id: secret, kind, holder: params.id });
		return { params: { ...params, secret }, digest, once: { secret: token } };
	};
