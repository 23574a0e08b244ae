/** Refusals - the page of all error codes: their meaning, their status, and the code that returns them. */
import { unknownActor } from "../../model/decide.ts";
import type { Refusal } from "../../model/index.ts";
import { type GivenCode, givenCodes } from "./codes.ts";
import { FINDINGS, GENERAL, PARKED } from "./general-codes.ts";
import type { ModelLines } from "./laws.ts";
import { anchor, code, link, page, sentence, table } from "./markdown.ts";
import type { Sources } from "./sources.ts";

const INTRODUCTION = `Every error is \`application/problem+json\`: \`{type, title, status, code, detail, errors?}\`; test for the \`code\`, which never
changes. A refusal (4xx) is final: the same request is refused again. A failure (5xx) is no decision about the command, which may be
sent again. In a bulk request and in an import, each refused line has such a code, in \`errors\`. A discarded detection is not a refusal: its
reason is a [fact](facts.md#detectiondiscarded).`;

/** Throws if a code in the code has no explanation, or if an explained code is not in the code. */
export function refusalsPage(sources: Sources, models: readonly ModelLines[]): string {
	const given = givenCodes(sources);
	const byLaw = models.map((model) => ({ model, refusals: refusalsOf(model, given) }));
	const general = given.filter((one) => !byLaw.some(({ refusals }) => refusals.has(one.code)));
	complain(general);
	const fails = (one: GivenCode): boolean => (statusOf(general, one.code) ?? 500) >= 500;
	return page(
		"Refusals",
		INTRODUCTION.replaceAll("\n", " "),
		"## Domain rules",
		...byLaw.flatMap(({ model, refusals }) => [
			`### ${model.value.name}`,
			table(
				["code", "status", "detail", "given by"],
				[...refusals]
					.toSorted(([a], [b]) => (a < b ? -1 : 1))
					.map(([name, { status, says, by }]) => [marked(name), String(status), [...says].join(" "), [...by].join(", ")]),
			),
		]),
		"## Requests and operator commands",
		generalTable(
			general.filter((one) => !fails(one)),
			general,
		),
		"## Failures",
		"A 503 answer has `Retry-After`, in seconds: send the request again then. A command with an `Idempotency-Key` is carried out once, however often it is sent.",
		generalTable(general.filter(fails), general),
		"## Parked work",
		`A process whose command is refused parks it with the code of the refusal. ${marked(PARKED.code)}: ${PARKED.means}`,
		"## What a verification finds",
		"For each partition of a log, a verification reports the first position that does not fit, and its finding.",
		table(
			["finding", "meaning"],
			Object.entries(FINDINGS).map(([finding, means]) => [code(finding), means]),
		),
	);
}

interface ByLaw {
	readonly status: number;
	readonly says: Set<string>;
	readonly by: Set<string>;
}
/** The refusals of one aggregate, by code, and the commands and actions that give them. */
function refusalsOf({ value: model, commands, asks }: ModelLines, given: readonly GivenCode[]): Map<string, ByLaw> {
	const found = new Map<string, ByLaw>();
	const add = ({ code: name, status, detail }: Refusal, by: string): void => {
		const known = found.get(name) ?? { status, says: new Set(), by: new Set() };
		found.set(name, { ...known, says: known.says.add(sentence(quoted(detail))), by: known.by.add(by) });
	};
	for (const { name, refusals } of commands) for (const refusal of refusals) add(refusal, link(`${model.name}.${name}`, "commands.md"));
	for (const asked of [...asks.map(({ name }) => name), "state", "history"])
		add(unknownActor(model, "<id>"), code(`${model.name}.${asked}`));
	add(unknownActor(model, "<id>"), code(`${model.plural}.get`));
	for (const { code: name, path } of given) {
		const service = serviceOf(path);
		if (service !== null) found.get(name)?.by.add(code(service));
	}
	return found;
}
const quoted = (detail: string): string => detail.replaceAll("<id>", "`<id>`");
/** `radar-import` for its service file; null for every other file. */
const serviceOf = (path: string): string | null => /([^/]+)\.service\.ts$/.exec(path)?.[1] ?? null;

function complain(general: readonly GivenCode[]): void {
	const given = new Set(general.map((one) => one.code));
	const unexplained = [...given].filter((name) => !(name in GENERAL));
	const ungiven = Object.keys(GENERAL).filter((name) => !given.has(name));
	if (unexplained.length > 0) throw new Error(`cli/reference/general-codes.ts has no explanation for ${unexplained.join(", ")}`);
	if (ungiven.length > 0) throw new Error(`cli/reference/general-codes.ts explains unused codes: ${ungiven.join(", ")}`);
}

const statusOf = (given: readonly GivenCode[], name: string): number | undefined =>
	given.find((one) => one.code === name && one.status !== null)?.status ?? undefined;

function generalTable(given: readonly GivenCode[], all: readonly GivenCode[]): string {
	const names = Object.keys(GENERAL).filter((name) => given.some((one) => one.code === name));
	return table(
		["code", "status", "meaning", "what to do"],
		names.map((name) => {
			const { means = "", then = "" } = GENERAL[name] ?? {};
			return [marked(name), String(statusOf(all, name) ?? ""), means, then];
		}),
	);
}

/** Marks the code as a target for links. */
const marked = (name: string): string => `<a id="${anchor(name)}"></a>${code(name)}`;
