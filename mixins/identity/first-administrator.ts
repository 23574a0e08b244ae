/**
 * FirstAdministrator - an invitation that makes the first administrator of a system, once. The process that prints it keeps only its digest,
 * and only in memory, so that a restart makes it void. It is also void as soon as there is an administrator.
 */
import type { Context, ServiceBroker } from "moleculer";
import type { Done } from "../actors/envelope.ts";
import { isOutage } from "../common/errors.ts";
import { storageOf } from "../logs/storage.ts";
import { positionText } from "../../store/position.ts";
import { unauthenticated } from "./authenticate.ts";
import { COMMAND_LINE } from "./bootstrap.ts";
import { callItself } from "./itself.ts";
import { known } from "./known.ts";
import { digestOf, newToken } from "./tokens.ts";

export interface Founding {
	/** Digest of the token of the invitation. */
	readonly credential: string;
	readonly login: string;
	readonly name: string;
	readonly email: string;
	readonly password: string;
}
/** The id of the first administrator, so that two invitations at once make one. */
const FIRST = "administrator";
const CONTEXT = "identity";
const PAGE = 100;

/** Digests of the invitations of this process. */
const invitations = new WeakMap<ServiceBroker, string>();

/** The token of a new invitation; null if there is an administrator, or it cannot be known. The one before is void. */
export async function inviteAdministrator(broker: ServiceBroker): Promise<string | null> {
	try {
		if (await hasAdministrator(broker)) return null;
	} catch (error) {
		if (isOutage(error)) return null; // this process does not run the read models, or they are being rebuilt
		throw error;
	}
	const token = newToken();
	invitations.set(broker, digestOf(token));
	return token;
}

/** Makes the first administrator. Throws UNAUTHENTICATED (401) if the token is not that of a valid invitation. */
export async function foundAdministrator(ctx: Context<Founding>): Promise<Done> {
	const { credential, ...person } = ctx.params;
	const { broker } = ctx;
	if (invitations.get(broker) !== credential) throw unauthenticated();
	invitations.delete(broker); // no other request may use it in the meantime
	let isUsed = false;
	try {
		if (await hasAdministrator(broker)) throw unauthenticated();
		const id = (await known(ctx, "user.account", FIRST)) === null ? { id: FIRST } : {};
		const done = await callItself<Done>(ctx, "user.register", { ...id, ...person, roles: ["administrator"] });
		isUsed = true;
		return done;
	} finally {
		if (!isUsed) invitations.set(broker, credential); // after a refusal, such as that of a short password
	}
}

interface Page {
	readonly rows: readonly { readonly id: string; readonly roles: readonly string[] }[];
	readonly next: string | null;
}
/** Whether a user, or a client that can be used, is an administrator; that of the command line is not for people. */
async function hasAdministrator(broker: ServiceBroker): Promise<boolean> {
	const { partitions } = await storageOf(broker).context(CONTEXT);
	const tails = await Promise.all(partitions.map(async (log) => positionText(log.name, (await log.tail()).position)));
	const position = tails.filter((tail) => !tail.endsWith(":0")).join(",");
	const meta = position === "" ? {} : { position };
	const lists = [
		["users.list", {}],
		["clients.list", { status: "active" }],
	] as const;
	for (const [list, filters] of lists)
		for (let next: string | null = ""; next !== null;) {
			const after: object = next === "" ? {} : { after: next };
			const page: Page = await callItself(broker, list, { ...filters, ...after, pageSize: PAGE }, { ...meta });
			if (page.rows.some(({ id, roles }) => id !== COMMAND_LINE && roles.includes("administrator"))) return true;
			next = page.next;
		}
	return false;
}
