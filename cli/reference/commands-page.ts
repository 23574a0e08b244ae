/** Commands - the page of all commands, by service, and of all questions that actors answer. */
import { creates, kebab, unknownCode } from "../../model/index.ts";
import type { House } from "../common/catalogue.ts";
import { exampleId, exampleOf } from "./examples.ts";
import type { CommandLines, ModelLines, ParamLine } from "./model-lines.ts";
import { code, codes, link, list, page, sentence, table, unitOf } from "./markdown.ts";

const INTRODUCTION = `A command makes one actor decide. The decision is stored as facts; a refusal has a code ([refusals](refusals.md)) and
stores nothing. Unknown fields are refused, numbers are JSON numbers, instants are ISO-8601 with an offset
and are stored in UTC. Texts are stored in Unicode NFC and counted in characters (code points) in that form; a text without visible
characters, or with control, bidirectional, zero-width or other invisible characters, is refused, except for the joiners that Persian and
Indic spelling and emoji need. \`id\` names the actor: a creation has it in the body, and a missing one is generated (from the
\`Idempotency-Key\`, else a UUIDv7); any other command has it in its path. The answer is \`{"id", "version", "position"}\`, with \`201\` and
\`Location\` after a creation, else \`200\`. Every command may also be refused for its form or its headers (\`VALIDATION_ERROR\`,
\`VERSION_MISMATCH\`, \`IDEMPOTENCY_KEY_REUSED\`). Every actor begins as \`unknown\`. The examples tell one story: pasted in this order, each one succeeds.`;

export const commandsPage = (models: readonly ModelLines[], { processes }: House): string =>
	page(
		"Commands",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["command", "route", ""],
			models.flatMap(({ value, commands }) =>
				commands.map(({ name, definition: definition, meaning }) => [
					link(`${value.name}.${name}`),
					definition.internal ? "sent by processes" : code(routeOf(value, name, definition) ?? ""),
					meaning,
				]),
			),
		),
		...models.map((model) => section(model, processes, new Set(models.map(({ value }) => value.name)))),
	);

type Named = Pick<ModelLines["value"], "name" | "plural">;
/** The route of a command; null if it has none. */
function routeOf({ plural }: Named, name: string, definition: CommandLines["definition"]): string | null {
	if (definition.internal) return null;
	return `POST /api/${plural}${creates(definition) ? "" : `/:id/${kebab(name)}`}`;
}

/** `actors`: the names of all models. */
function section(model: ModelLines, processes: House["processes"], actors: ReadonlySet<string>): string {
	const { value, header, commands, asks } = model;
	const statuses = Object.entries(value.statuses)
		.map(([status, means]) => `${code(status)}: ${means}`)
		.join("; ");
	return [
		`## ${value.name}`,
		`${sentence(header)} Context and log: \`${value.context}\`. Statuses: \`unknown\`, before the first fact; ${statuses}.`,
		...commands.map((command) => commandText(model, command, processes, actors)),
		...(asks.length > 0 ? [`### Questions to the ${value.name}`, asks.map((ask) => askText(value, ask)).join("\n\n")] : []),
	].join("\n\n");
}

function commandText({ value }: ModelLines, command: CommandLines, processes: House["processes"], actors: ReadonlySet<string>): string {
	const { name, definition: definition, meaning, params } = command;
	const full = `${value.name}.${name}`;
	const route = routeOf(value, name, definition);
	const sent = processes.flatMap(({ value: { name: process, sends } }) => (sends.includes(full) ? [process] : []));
	const way = route
		? `${code(route)}${definition.bulk ? "; many in one request as `application/x-ndjson`, one content a line" : ""}`
		: `Sent by processes only${sent.length > 0 ? `: ${codes(sent)}` : ""}; it has no route.`;
	return [
		`### ${full}`,
		sentence(meaning),
		way,
		paramTable(params),
		list(...rulesOf(command, actors)),
		...(route ? [example(value, command, route)] : []),
	]
		.filter((part) => part !== "")
		.join("\n\n");
}

const paramTable = (params: readonly ParamLine[]): string =>
	table(
		["field", "rule", "unit", "required", "default", "meaning"],
		params.map(({ path, says, required, absent, meaning }) => [code(path), says, unitOf(path), required ? "yes" : "no", absent, meaning]),
	);

/** The code of the refusal if the consulted actor does not exist. */
const unknownTo = (ask: string): string => unknownCode(serviceOf(ask)).name;
const serviceOf = (ask: string): string => ask.slice(0, ask.indexOf("."));

function rulesOf({ definition: definition, facts, refusals, settled }: CommandLines, actors: ReadonlySet<string>): string[] {
	const begins = creates(definition);
	const codesOf = [...new Set(refusals.map((refusal) => refusal.name))];
	const broken = definition.require ?? [];
	return [
		definition.oneOf ? `At least one of ${codes(definition.oneOf)}.` : "",
		`Allowed in: ${codes(definition.allowedIn)}${settled.length > 0 ? `; in ${codes(settled)} it is already so` : ""}.`,
		definition.already
			? `Already so: ${begins ? "the same content again" : "a command that changes nothing"} returns \`200\` and writes nothing.`
			: "",
		...Object.values(definition.consult ?? {}).map(
			({ ask }) =>
				`Consults ${code(ask)}${actors.has(serviceOf(ask)) ? `, and is refused with ${link(unknownTo(ask), "refusals.md")} if there is none` : ""}.`,
		),
		...broken.map(({ code: one }) => `Guarded by ${link(one.name, "refusals.md")} (${one.status}): ${sentence(one.means)}`),
		facts.length > 0 ? `May lead to ${facts.map((fact) => link(fact, "facts.md")).join(", ")}.` : "",
		definition.answers ? `Also answers with ${definition.answers}` : "",
		codesOf.length > 0 ? `May be refused with ${codesOf.map((one) => link(one, "refusals.md")).join(", ")}.` : "",
	];
}

/** To paste after the examples before it. */
function example({ name: service }: Named, { name, definition: definition }: CommandLines, route: string): string {
	const body = exampleOf(service, name, definition.shape, creates(definition));
	const path = route.replace("POST ", "").replace(":id", encodeURIComponent(exampleId(service)));
	return ["```sh", `curl -s localhost:3000${path} -H 'content-type: application/json' \\`, `  -d '${JSON.stringify(body)}'`, "```"].join(
		"\n",
	);
}

function askText({ name: service, plural }: Named, { name, meaning, route, params, answer }: ModelLines["asks"][number]): string {
	const way = route ? `\`GET /api/${plural}/:id/${route}\`` : "no route: only for other services";
	return [
		`**${service}.${name}**, ${way}. ${sentence(meaning)}`.trim(),
		paramTable(params),
		answer.length > 0 ? "Answer:" : "",
		table(
			["field", "type", "unit", "meaning"],
			answer.map((line) => [code(line.path), line.type, unitOf(line.path), line.meaning]),
		),
	]
		.filter((part) => part !== "")
		.join("\n\n");
}
