/** Sessions - the routes by which people log in and out, and by which everyone finds out who he or she is to the system. */
import type { ServerResponse } from "node:http";
import { digestOf, newToken } from "../identity/tokens.ts";
import { type Identity, unauthenticated } from "../identity/authenticate.ts";
import type { SignedIn } from "../identity/sessions.ts";
import type { Done } from "../actors/envelope.ts";
import { clockOf } from "../common/clock.ts";
import { sendJson } from "./answer.ts";
import { type GatewayService, isEncrypted, type Handler, reading, type Request } from "./handlers.ts";
import { commandOf, readOf } from "./request.ts";
import { noCookie, sessionCookie, tokenIn } from "./server/credentials.ts";
import { JSON_LIMIT } from "./server/limits.ts";
import { hasBody } from "./server/lingering.ts";
import { invalidField } from "./server/problem.ts";

/** Asks the identity context as the gateway: its callers may not. The answer's metadata is left out. */
const ask = ({ broker }: GatewayService, { $ctx }: Request, action: string, params: object, meta: object = {}): Promise<unknown> =>
	broker.call<unknown, object>(action, params, { meta, ...($ctx.requestID ? { requestID: $ctx.requestID } : {}) });

/** Whose token the request has. Throws UNAUTHENTICATED (401) without a valid one. */
async function identityOf(gateway: GatewayService, req: Request): Promise<Identity> {
	const token = tokenIn(req, isEncrypted(gateway));
	if (token === null) throw unauthenticated();
	return (await ask(gateway, req, "identity.authenticate", { credential: digestOf(token) })) as Identity; // its answer
}

/** The texts of a body that has exactly these fields. Complaints do not repeat the value of a secret. */
async function textsOf<K extends string>(gateway: GatewayService, req: Request, res: ServerResponse, route: string, names: readonly K[]) {
	const note = { kind: "command", of: "session", secrets: names } as const;
	const { params } = await commandOf(req, note, route, reading(gateway, req, res, JSON_LIMIT), clockOf(gateway.broker).now());
	const stranger = Object.keys(params).find((name) => !names.some((known) => known === name));
	if (stranger !== undefined) throw invalidField(stranger.slice(0, 100), "There is no such field", `one of: ${names.join(", ")}`);
	for (const name of names)
		if (typeof params[name] !== "string" || params[name] === "" || params[name].length > 1000)
			throw invalidField(name, "must be a text", "a text, 1-1000 characters");
	return params as Record<K, string>; // checked above
}

export const openSession: Handler = async function (req, res) {
	const { login, password } = await textsOf(this, req, res, "POST /sessions", ["login", "password"]);
	const token = newToken();
	const params = { id: login.slice(0, 200).toLowerCase(), password, credential: digestOf(token) };
	const { user, roles, expiresAt, position } = (await ask(this, req, "identity.signIn", params)) as SignedIn; // its answer
	res.setHeader("Set-Cookie", sessionCookie(token, isEncrypted(this)));
	sendJson(res, 201, { token, expiresAt, user, roles }, position ? { "X-Position": position } : {});
};

export const listSessions: Handler = async function (req, res) {
	const { meta } = readOf(req);
	const { id, sid } = await identityOf(this, req);
	const sessions = (await ask(this, req, "identity.sessions", { id }, meta)) as readonly { readonly id: string }[]; // its answer
	sendJson(res, 200, { rows: sessions.map((session) => ({ ...session, current: session.id === sid })) });
};

/** Ends the session of the request, or the one in the path. */
export const endSession: Handler = async function (req, res) {
	const { id, sid } = await identityOf(this, req);
	const session = req.$params?.params?.["id"] ?? sid;
	const { position } = (await ask(this, req, "identity.endSession", { id, session })) as { readonly position: string }; // its answer
	if (session === sid) res.setHeader("Set-Cookie", noCookie(isEncrypted(this)));
	if (hasBody(req)) res.setHeader("Connection", "close"); // it is not read
	res.writeHead(204, { "X-Position": position }).end();
};

export const readMe: Handler = async function (req, res) {
	const { kind, id, name, roles } = await identityOf(this, req);
	sendJson(res, 200, { kind, id, name, roles });
};

export const foundAdministrator: Handler = async function (req, res) {
	const fields = ["token", "login", "name", "email", "password"] as const;
	const { token, ...person } = await textsOf(this, req, res, "POST /first-administrator", fields);
	const { id } = (await ask(this, req, "identity.foundAdministrator", { credential: digestOf(token), ...person })) as Done; // its answer
	sendJson(res, 201, { id }, { Location: `/api/users/${encodeURIComponent(id)}` });
};
