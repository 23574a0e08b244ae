/**
 * Access - decides on the node that runs an action whether its caller may use it. The caller is the identity in the passport that comes with
 * the call; a call that begins in this node without one is the node's own. So the rule is the same for REST, the REPL, processes and the bus.
 */
import type { ActionSchema, CallingOptions, Context, Middleware, ServiceBroker } from "moleculer";
import { denialOf, type Identity, type May } from "../../model/access.ts";
import { type Refusal, refuse } from "../../model/index.ts";
import { CODES } from "../common/codes.ts";
import { refusalError, unavailable } from "../common/errors.ts";
import { Passports } from "./passports.ts";

/** A caller without credentials. */
export const VISITOR: Identity = { sub: "visitor", roles: ["visitor"] };

interface Access {
	readonly passports: Passports;
	/** The identity of calls that begin in this node. */
	readonly own: Identity;
}
const accesses = new WeakMap<ServiceBroker, Access>();
type Params = Readonly<Record<string, unknown>>;
/** The caller of a call, which is never sent to another node this way. */
interface Locals {
	identity?: Identity;
}
const localsOf = (ctx: { readonly locals: object }): Locals => ctx.locals; // Moleculer leaves its content to its users

/** The options with which a call is made as someone else; none in a broker without this middleware, as in tests of single parts. */
export function callingAs(broker: ServiceBroker, identity: Identity): Pick<CallingOptions, "headers"> {
	const access = accesses.get(broker);
	return access ? { headers: { passport: access.passports.issue(identity) } } : {};
}
/** How facts name the caller of an action. */
export const byOf = (ctx: { readonly locals: object }): string => localsOf(ctx).identity?.sub ?? "anonymous";

/**
 * Throws UNAUTHENTICATED (401) for a visitor, and FORBIDDEN (403) for anyone else, who may not use the action. `params`: of the call; the items of
 * an action for many are refused one by one (`itemRefusal`).
 */
export function assertMay(identity: Identity, { name = "", may }: Pick<ActionSchema, "name" | "may">, params?: unknown): void {
	const single = singleOf(name);
	const denial = denialOf(identity, may, single, params === undefined || single !== name ? [] : [Object(params)]);
	if (denial === null) return;
	throw refusalError(
		identity.roles.includes("visitor") ? refuse(CODES.UNAUTHENTICATED, `${denial}; log in first`) : refuse(CODES.FORBIDDEN, denial),
	);
}
/** `detection.record` for `detection.recordMany`. */
const singleOf = (action: string): string => action.replace(/Many$/, "");
/** Why one item of a call is refused that its caller may make; null if none of them is, whatever their params. */
export function itemRefusal(ctx: { readonly locals: object }, action: string, may: May): ((params: Params) => Refusal | null) | null {
	const { identity } = localsOf(ctx);
	const { device, ...others } = may;
	if (device === undefined || identity === undefined || denialOf(identity, others, action, []) === null) return null;
	return (params) => {
		const denial = denialOf(identity, may, action, [params]);
		return denial === null ? null : refuse(CODES.FORBIDDEN, denial);
	};
}

export const AccessMiddleware = (): Middleware => {
	let access: Access;
	return {
		name: "Access",
		created(broker: ServiceBroker) {
			const nodes = broker.registry.nodes as { get(id: string): { readonly metadata?: Params } | undefined }; // moleculer leaves it untyped
			const keyOf = (node: string): string => String(nodes.get(node)?.metadata?.[PASSPORT_KEY] ?? "");
			const passports = new Passports(broker.nodeID, keyOf);
			access = { passports, own: { sub: `node:${broker.nodeID}`, roles: ["node"] } };
			accesses.set(broker, access);
			broker.metadata[PASSPORT_KEY] = passports.publicKey;
		},
		localAction: (next: (ctx: Context) => Promise<unknown>, action: ActionSchema) => async (ctx: Context) => {
			const locals = localsOf(ctx);
			locals.identity ??= identityOf(access, ctx);
			assertMay(locals.identity, action, ctx.params);
			return next(ctx);
		},
		call:
			(next: (action: string, params: unknown, options: CallingOptions) => Promise<unknown>) =>
			(action: string, params: unknown, options: CallingOptions = {}) =>
				next(action, params, { ...options, headers: { passport: passportFor(access, options), ...options.headers } }),
	} as unknown as Middleware; // moleculer's type has the hooks return results instead of handlers
};
/** The member of a node's metadata with its public key. */
const PASSPORT_KEY = "passportKey";

/** The passport of a call that names none: that of the call it is part of, else the node's own. */
function passportFor({ passports, own }: Access, { headers, parentCtx }: CallingOptions): string {
	if (headers?.["passport"] !== undefined) return "";
	return passports.issue((parentCtx && localsOf(parentCtx).identity) ?? own);
}

/** The identity in the passport of a call, which is not sent back with the answer. */
function identityOf({ passports }: Access, { headers }: Context): Identity {
	const { passport } = headers as { passport?: unknown }; // of any caller
	if (passport === undefined) return VISITOR;
	delete headers["passport"];
	const read = passports.read(String(passport));
	if (read === "stranger")
		throw unavailable(CODES.PASSPORT_UNREADABLE, "The node that made the passport of this call is not known here yet");
	if (typeof read === "string") throw refusalError(refuse(CODES.UNAUTHENTICATED, `The passport of this call is ${read}`));
	return read;
}
