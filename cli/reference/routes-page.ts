/** Routes - the page of all API paths and of all actions, including those without a route. */
import type { Action } from "../../node/offer.ts";
import type { House, Service } from "../common/catalogue.ts";
import type { ModelLines } from "./model-lines.ts";
import { OWN_ROUTES } from "../../mixins/http/own-routes.ts";
import { code, codes, page, sentence, table } from "./markdown.ts";
import { actionDoc } from "./sources.ts";

const INTRODUCTION = `All routes are under \`/api\`. They are made from the actions: creation is \`POST /<plural>\`, every other command
\`POST /<plural>/:id/<command-in-kebab-case>\`, reads are \`GET\`. Every \`GET\` but the live feed answers \`HEAD\` too, and every path
\`OPTIONS\` with \`204\` and the supported methods in \`Allow\`; other methods are answered \`405\`. Paths are case-sensitive and may end
with one slash. Errors are \`application/problem+json\` with a \`code\` ([refusals](refusals.md)). [Commands](commands.md) lists the fields
of each command, and [read models](read-models.md) the fields of each row.`;

/** Headers of requests and answers; a test compares the first column with the headers that the gateway reads and writes. */
const HEADERS: readonly (readonly [name: string, on: string, means: string])[] = [
	[
		"Host",
		"request",
		"`localhost`, a loopback address, HOST, a name in ALLOWED_HOSTS, or the local address of the connection. Anything else: 421.",
	],
	[
		"Origin",
		"command",
		"Sent by browsers: a command from a page of another host or port is refused with 403, unless its origin is in CORS_ORIGINS. A proxy has to forward `Host` unchanged, or ALLOWED_HOSTS has to contain the host of the pages.",
	],
	[
		"Sec-Fetch-Site",
		"command",
		"Sent by browsers: a command with another value than `same-origin` or `none` is refused with 403, unless its `Origin` is in CORS_ORIGINS.",
	],
	[
		"Authorization",
		"request",
		"`Bearer` and the token of a session or the secret of a client. Without one that is valid, every route that needs a login is refused with 401.",
	],
	["Cookie", "request", "`__Host-vigie`, or `vigie` over plain HTTP: the token of a session, as an alternative to `Authorization`."],
	["WWW-Authenticate", "answer 401", '`Bearer realm="vigie"`.'],
	["Access-Control-Request-Method", "`OPTIONS`", "A browser asks whether a page may send a request (preflight)."],
	["Referer", "command", "Used instead of `Origin` if there is none."],
	[
		"Content-Type",
		"request",
		"`application/json`; `application/x-ndjson` for many commands; `text/csv` for an import; all in UTF-8. Anything else, or none, is refused with 415, even if the content is empty.",
	],
	[
		"Authorization",
		"request",
		"`Bearer <token>`: the token of a session, or the secret of a client. Instead of it, browsers send the cookie `__Host-vigie` (`vigie` without TLS).",
	],
	["Cookie", "request", "The token of a session."],
	[
		"Set-Cookie",
		"answer of `POST /api/sessions`",
		"`__Host-vigie` with `HttpOnly; SameSite=Lax; Path=/; Secure`; without TLS `vigie`, not `Secure`. Logging out removes it.",
	],
	["WWW-Authenticate", "answer 401", "`Bearer`"],
	["Content-Encoding", "request", "Not supported: compressed content is refused with 415."],
	[
		"Idempotency-Key",
		"command",
		"1-128 visible characters: the same command with the same key on the same actor returns the first answer; other content with that key is refused. Not supported with NDJSON and imports, where the id in each line serves the purpose (422).",
	],
	[
		"If-Match",
		"command",
		'`"<version>"`, a list of them, or `*`: the command is decided only if the actor has one of these versions (`*`: any version), else 412. A weak tag (`W/"..."`) never matches. Not supported with NDJSON and imports (422).',
	],
	[
		"Cookie",
		"command",
		"A command with the cookie of a session has to come from a page of the gateway itself (`Sec-Fetch-Site: same-origin`, or its own `Origin`), else 403.",
	],
	["Upgrade", "every request", "Not supported: the request is answered as if it were not there, and the connection closes."],
	[
		"X-Forwarded-For",
		"every request, with BEHIND_PROXY",
		"Its last address is the client, for [the limits of each client](../operations.md#limits-of-a-gateway).",
	],
	["If-None-Match", "read of one row", "The row's `ETag`: 304 while it is unchanged."],
	[
		"X-Position",
		"read, answer of a command",
		"In the answer of a command: its position. On a read: the position that must be visible first; one that no log holds is refused.",
	],
	["ETag", "answer", '`"<version>"` of an actor, `W/"<revision>-<content>"` of a row.'],
	["Location", "answer 201", "The path of the new actor."],
	["Idempotent-Replayed", "answer", "`true` if the command was received before."],
	["Retry-After", "answer 429, 503", "Seconds."],
	[
		"Cache-Control",
		"every answer",
		"`no-store`: nothing may be kept for later answers. `If-None-Match` still works for clients that keep a row themselves.",
	],
	[
		"Content-Security-Policy",
		"every answer",
		"`default-src 'none'; frame-ancestors 'none'`: a browser that shows an answer loads nothing for it, and shows it in no frame.",
	],
	["Referrer-Policy", "every answer", "`no-referrer`: addresses with ids are not passed on."],
	[
		"Strict-Transport-Security",
		"every answer over TLS or behind a proxy",
		"`max-age=31536000`: a browser uses only https for this host, for a year.",
	],
	["X-Content-Type-Options", "every answer", "`nosniff`: a browser uses the declared type."],
	["Vary", "every answer with CORS_ORIGINS", "`Origin`"],
	["Access-Control-Allow-Origin", "answer to an origin in CORS_ORIGINS", "That origin. Credentials are not allowed."],
	["Access-Control-Expose-Headers", "answer to an origin in CORS_ORIGINS", "The headers that its pages may read."],
	["Access-Control-Allow-Methods", "answer to a preflight", "The methods of the path."],
	["Access-Control-Allow-Headers", "answer to a preflight", "The headers of requests on this page that pages may set."],
	["Access-Control-Max-Age", "answer to a preflight", "600 seconds."],
	["Last-Event-ID", "live feed", "The id of the last event seen; the feed resumes after it. One that no log holds is refused."],
];
export const HEADER_NAMES = HEADERS.map(([name]) => name);

export function routesPage(models: readonly ModelLines[], { services }: House): string {
	const all = services.flatMap((service) => service.actions.map((action) => ({ service, action })));
	const routed = all.filter(({ action }) => action.schema.rest !== undefined);
	return page(
		"Routes",
		INTRODUCTION.replaceAll("\n", " "),
		"## Routes of actions",
		table(
			["method", "path", "action", "kind", "takes", "answers", "meaning"],
			routed.map(({ service, action }) => [...routeRow(action), sentence(meaningOf(models, service, action))]),
		),
		"## The gateway's own",
		table(
			["method", "path", "takes", "answers", "meaning"],
			Object.entries(OWN_ROUTES).map(([route, { takes = "", answers, means }]) => {
				const [method = "", path = ""] = route.split(" ");
				return [method, code(`/api${path}`), takes, answers, means];
			}),
		),
		"## Headers",
		table(
			["header", "on", "meaning"],
			HEADERS.map(([name, ...rest]) => [code(name), ...rest]),
		),
		"## Actions without a route",
		"For other services, and for operators ([their commands](repl.md)). [Commands](commands.md) lists the commands and questions without a route. Every question and every command has a second action `<name>Many` that takes `items`, many of them in one call. A parameter with `?` is optional.",
		table(["action", "of the services", "takes", "meaning"], insideRows(models, services)),
	);
}

const paramsOf = ({ schema }: Action): string[] =>
	Object.entries(schema.params ?? {})
		.filter(([name]) => !name.startsWith("$$"))
		.map(([name, rule]) => (typeof rule === "object" && rule !== null && "optional" in rule && rule.optional === true ? `${name}?` : name));

function routeRow(action: Action): string[] {
	const { rest = "", note } = action.schema;
	const [method = "", path = ""] = rest.split(" ");
	const query = paramsOf(action)
		.map((name) => name.replace("?", ""))
		.filter((name) => name !== "id");
	const read = note?.kind === "read";
	const takes = read
		? codes(query)
		: note?.kind === "upload"
			? (note.accepts ?? "")
			: `application/json${note?.bulk ? ", application/x-ndjson" : ""}`;
	const answers = { creation: "`201`; `200` if it is already so", command: "`200`", read: "`200`", upload: "`200`" }[note?.kind ?? "read"];
	const bulk = note?.bulk ? "; NDJSON: `200` `{received, recorded, duplicates, refused, errors}`" : "";
	return [method, code(`/api${path}`), code(action.name), note?.kind ?? "", takes, `${answers}${bulk}`];
}

/** The description in the service's model, or else the comment of the action. */
function meaningOf(models: readonly ModelLines[], service: Service, { name: full }: Action): string {
	const name = full.slice(service.name.length + 1);
	const model = models.find(({ value }) => value.name === service.name);
	const stated = [...(model?.commands ?? []), ...(model?.asks ?? [])].find((one) => one.name === name);
	return stated?.meaning ?? actionDoc(service.path, name);
}

/** Actions without a route, grouped by name and meaning; commands and questions have a page of their own. */
function insideRows(models: readonly ModelLines[], services: readonly Service[]): string[][] {
	const groups = new Map<
		string,
		{ readonly name: string; readonly means: string; readonly services: string[]; readonly takes: string[][] }
	>();
	for (const service of services)
		for (const action of service.actions.filter(({ schema }) => schema.rest === undefined)) {
			const name = action.name.slice(service.name.length + 1);
			const model = models.find(({ value }) => value.name === service.name)?.value;
			const single = name.replace(/Many$/, "");
			if (model && (single in model.commands || single in model.asks)) continue;
			const means = actionDoc(service.path, name) || actionDoc(service.path, single);
			const group = groups.get(`${name} ${means}`) ?? { name, means, services: [], takes: [] };
			groups.set(`${name} ${means}`, group);
			group.services.push(service.name);
			group.takes.push(paramsOf(action));
		}
	return [...groups.values()].map(({ name, means, services: offering, takes: [first = [], ...others] }) => {
		const common = first.filter((param) => others.every((params) => params.includes(param)));
		const own = [first, ...others].some((params) => params.length > common.length) ? ["the filters of its list"] : [];
		return [code(`<service>.${name}`), codes(offering), [...common.map(code), ...own].join(", "), sentence(means)];
	});
}
