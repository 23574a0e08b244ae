/** Commands - everything the system can be asked to do, service by service, and every question its actors answer. */
import { codeOf, creates, kebab } from "../../model/index.ts";
import { exampleId, exampleOf } from "./examples.ts";
import type { CommandLines, ModelLines, ParamLine } from "./laws.ts";
import { code, codes, link, list, page, sentence, table, unitOf } from "./markdown.ts";

/** Who sends a command that has no route, by its full name. */
export type Senders = ReadonlyMap<string, readonly string[]>;

const INTRODUCTION = `A command asks one actor to decide. What it decides is stored as facts; what it refuses has a code
([refusals](refusals.md)), and leaves no trace. Unknown fields are refused, numbers are JSON numbers, instants are ISO-8601 with an offset
and are stored in UTC. Texts are stored in Unicode NFC and counted in characters (code points) in that form; a text with nothing to see, or
with control, bidirectional, zero-width or other invisible characters, is refused, except for the joiners that Persian and Indic spelling and
emoji need. \`id\` names the actor: at a creation it stands in the body, and one that is left out is made (from the
\`Idempotency-Key\`, else a UUIDv7); any other command has it in its path. The answer is \`{"id", "version", "position"}\`, with \`201\` and
\`Location\` where something came into being, else \`200\`. Every command may be refused for its form or by its headers too (\`VALIDATION_ERROR\`,
\`VERSION_MISMATCH\`, \`IDEMPOTENCY_KEY_REUSED\`). Every actor begins as \`unknown\`. The examples tell one story: pasted in this order, each is taken.`;

export const commandsPage = (models: readonly ModelLines[], senders: Senders): string =>
	page(
		"Commands",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["command", "route", ""],
			models.flatMap(({ value, commands }) =>
				commands.map(({ name, law, meaning }) => [
					link(`${value.name}.${name}`),
					law.internal ? "sent by processes" : code(routeOf(value, name, law) ?? ""),
					meaning,
				]),
			),
		),
		...models.map((model) => section(model, senders)),
	);

type Named = Pick<ModelLines["value"], "name" | "plural">;
/** Of a command with a route. */
function routeOf({ plural }: Named, name: string, law: CommandLines["law"]): string | null {
	if (law.internal) return null;
	return `POST /api/${plural}${creates(law) ? "" : `/:id/${kebab(name)}`}`;
}

function section(model: ModelLines, senders: Senders): string {
	const { value, header, commands, asks, statuses } = model;
	return [
		`## ${value.name}`,
		`${sentence(header)} Context and log: \`${value.context}\`; statuses: ${codes(["unknown", ...statuses])}.`,
		...commands.map((command) => commandText(model, command, senders)),
		...(asks.length > 0 ? [`### Questions to the ${value.name}`, asks.map((ask) => askText(value, ask)).join("\n\n")] : []),
	].join("\n\n");
}

function commandText({ value }: ModelLines, command: CommandLines, senders: Senders): string {
	const { name, law, meaning, params } = command;
	const full = `${value.name}.${name}`;
	const route = routeOf(value, name, law);
	const sent = senders.get(full) ?? [];
	const way = route
		? `${code(route)}${law.bulk ? "; many in one request as `application/x-ndjson`, one content a line" : ""}`
		: `Sent by processes only${sent.length > 0 ? `: ${codes(sent)}` : ""}; it has no route.`;
	return [
		`### ${full}`,
		sentence(meaning),
		way,
		paramTable(params),
		list(...rulesOf(command)),
		...(route ? [example(value, command, route)] : []),
	]
		.filter((part) => part !== "")
		.join("\n\n");
}

const paramTable = (params: readonly ParamLine[]): string =>
	table(
		["field", "rule", "unit", "required", "where not given", "meaning"],
		params.map(({ path, says, required, absent, meaning }) => [code(path), says, unitOf(path), required ? "yes" : "no", absent, meaning]),
	);

/** What the consulted actor refuses with, when nobody knows it. */
const unknownTo = (ask: string): string => `${codeOf(ask.slice(0, ask.indexOf(".")))}_UNKNOWN`;

function rulesOf({ law, facts, answer, refusals, settled }: CommandLines): string[] {
	const begins = creates(law);
	const codesOf = [...new Set(refusals.map((refusal) => refusal.code))];
	const broken = law.require ?? [];
	return [
		law.oneOf ? `At least one of ${codes(law.oneOf)}.` : "",
		`Given in: ${codes(law.from)}${settled.length > 0 ? `; in ${codes(settled)} it is already so` : ""}.`,
		law.already
			? `Already so: ${begins ? "the same content again" : "what changes nothing"} is answered \`200\`, and nothing is written.`
			: "",
		...Object.values(law.consult ?? {}).map(
			({ ask }) => `Consults ${code(ask)}, and is refused with ${link(unknownTo(ask), "refusals.md")} where there is none.`,
		),
		...broken.map((rule) => `Guarded by ${link(rule.code, "refusals.md")} (${rule.status}): ${sentence(rule.sentence)}`),
		facts.length > 0 ? `May lead to ${facts.map((fact) => link(fact, "facts.md")).join(", ")}.` : "",
		answer ? `Answered besides with ${answer}` : "",
		codesOf.length > 0 ? `Refused by the law with ${codesOf.map((one) => link(one, "refusals.md")).join(", ")}.` : "",
	];
}

/** To paste, after those before it. */
function example({ name: service }: Named, { name, law }: CommandLines, route: string): string {
	const body = exampleOf(service, name, law.shape, creates(law));
	const path = route.replace("POST ", "").replace(":id", encodeURIComponent(exampleId(service)));
	return ["```sh", `curl -s localhost:3000${path} -H 'content-type: application/json' \\`, `  -d '${JSON.stringify(body)}'`, "```"].join(
		"\n",
	);
}

function askText({ name: service, plural }: Named, { name, meaning, route, params, answer }: ModelLines["asks"][number]): string {
	const way = route ? `\`GET /api/${plural}/:id/${route}\`` : "no route: asked by other services";
	return [
		`**${service}.${name}**, ${way}. ${sentence(meaning)}`.trim(),
		paramTable(params),
		answer.length > 0 ? "Answered with:" : "",
		table(
			["field", "type", "unit", "meaning"],
			answer.map((line) => [code(line.path), line.type, unitOf(line.path), line.meaning]),
		),
	]
		.filter((part) => part !== "")
		.join("\n\n");
}
