/** Itself - the identity context reads accounts, and records what happens to them, for itself: its callers may do neither. */
import type { Context, ServiceBroker } from "moleculer";
import type { Identity } from "../../model/access.ts";
import { callingAs } from "../access/access.ts";

const ITSELF: Identity = {
	sub: "process:identity",
	roles: ["process"],
	does: [
		"client.account",
		"client.establish",
		"clients.list",
		"credential.holder",
		"credential.issue",
		"login.claim",
		"login.holder",
		"session.end",
		"session.open",
		"session.standing",
		"session.use",
		"sessions.list",
		"user.account",
		"user.register",
		"user.rehash",
		"users.list",
	],
};
export type Caller = Context | ServiceBroker;

/** Calls an action of this context. */
export function callItself<T>(caller: Caller, action: string, params: object, meta: object = {}): Promise<T> {
	const broker = "broker" in caller ? caller.broker : caller;
	const options = { meta, ...callingAs(broker, ITSELF) };
	return "broker" in caller ? caller.call<T, object>(action, params, options) : caller.call<T, object>(action, params, options);
}
