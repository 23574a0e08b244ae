/** Refusals - the page of all error codes, made from the catalog: meaning, status and next step, and the actions that give them. */
import { codesOfCommand } from "../../model/actor-codes.ts";
import { CODES, PARKED } from "../../mixins/common/codes.ts";
import { ROW_FINDINGS } from "../../mixins/read-models/row-check.ts";
import { type Code, type Model, unknownCode } from "../../model/index.ts";
import { FINDINGS } from "../../store/evidence/findings.ts";
import type { House } from "../common/catalogue.ts";
import { anchor, code, link, page, sentence, table } from "./markdown.ts";

const INTRODUCTION = `Every error is \`application/problem+json\`: \`{type, title, status, code, detail, errors?}\`; test for the \`code\`, which never
changes. A refusal (4xx) is final: the same request is refused again. A failure (5xx) is no decision about the command, which may be
sent again. In a bulk request and in an import, each refused line has such a code, in \`errors\`. A discarded detection is not a refusal: its
reason is a [fact](facts.md#detectiondiscarded).`;

export function refusalsPage(house: House): string {
	const general = Object.values(CODES);
	return page(
		"Refusals",
		INTRODUCTION.replaceAll("\n", " "),
		"## Domain rules",
		...sectionsOf(house).flatMap(([name, given]) => [`### ${name}`, givenTable(given)]),
		"## Requests and operator commands",
		generalTable(general.filter(({ status }) => status < 500)),
		"## Failures",
		"A 503 answer has `Retry-After`, in seconds: send the request again then. A command with an `Idempotency-Key` is carried out once, however often it is sent.",
		generalTable(general.filter(({ status }) => status >= 500)),
		"## Parked work",
		`A process whose command is refused parks it with the code of the refusal. ${marked(PARKED.name)}: ${PARKED.means}`,
		"## What a verification finds",
		"For each partition of a log, a verification reports the first position that does not fit, and its finding.",
		table(
			["finding", "meaning"],
			Object.entries({ ...FINDINGS, ...ROW_FINDINGS }).map(([finding, means]) => [code(finding), means]),
		),
	);
}

/** A code and an action that gives it. */
type Given = readonly [given: Code, by: string];

/** The codes of each model, and of each service that declares some; a code that a model declares too is in the section of the model. */
function sectionsOf({ models, codes, services }: House): (readonly [name: string, given: readonly Given[]])[] {
	const declared = codes.flatMap(({ path, value }) => {
		const name = services.find((service) => service.path === path)?.name ?? "";
		return Object.values(value).map((one) => ({ service: name, one }));
	});
	const byModel = models.map(({ value }) => {
		const own = givenBy(value);
		const also = declared.filter(({ one }) => own.some(([known]) => known.name === one.name));
		return [value.name, [...own, ...also.map(({ service, one }): Given => [one, code(service)])]] as const;
	});
	const known = new Set(byModel.flatMap(([, given]) => given.map(([{ name }]) => name)));
	const others = Map.groupBy(
		declared.filter(({ one }) => !known.has(one.name)),
		({ service }) => service,
	);
	return [...byModel, ...[...others].map(([name, given]) => [name, given.map(({ one }): Given => [one, code(name)])] as const)];
}
function givenBy(model: Model): Given[] {
	const commands = Object.entries(model.commands).flatMap(([name, definition]) =>
		codesOfCommand(model, definition).map((one): Given => [one, link(`${model.name}.${name}`, "commands.md")]),
	);
	const reads = [...[...Object.keys(model.asks), "state", "history"].map((ask) => `${model.name}.${ask}`), `${model.plural}.get`];
	return [...commands, ...reads.map((read): Given => [unknownCode(model.name), code(read)])];
}

/** One row for each code, in alphabetical order. */
function givenTable(given: readonly Given[]): string {
	const rows = [...Map.groupBy(given, ([{ name }]) => name)].toSorted(([a], [b]) => (a < b ? -1 : 1));
	const several = (texts: readonly string[], between: string): string => [...new Set(texts)].join(between);
	return table(
		["code", "status", "meaning", "what to do", "given by"],
		rows.map(([name, all]) => [
			marked(name),
			several(
				all.map(([{ status }]) => String(status)),
				", ",
			),
			several(
				all.map(([{ means }]) => sentence(means)),
				" ",
			),
			several(
				all.map(([{ then }]) => sentence(then)),
				" ",
			),
			several(
				all.map(([, by]) => by),
				", ",
			),
		]),
	);
}
const generalTable = (given: readonly Code[]): string =>
	table(
		["code", "status", "meaning", "what to do"],
		given.map(({ name, status, means, then }) => [marked(name), String(status), means, then]),
	);

/** Marks the code as a target for links. */
const marked = (name: string): string => `<a id="${anchor(name)}"></a>${code(name)}`;
