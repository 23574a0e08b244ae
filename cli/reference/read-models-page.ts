/** Read models - the page of all read models with their logs, and of the processes that follow the same logs. */
import { INTERVENTIONS } from "../../mixins/processes/interventions.ts";
import { type AnyProcess, type AnyProjection, referenceFacts } from "../../model/index.ts";
import { type FieldLine, fieldsOf } from "./fields.ts";
import type { House, Stated } from "../common/catalogue.ts";
import { explained, meaningsOf, type ModelLines } from "./model-lines.ts";
import { code, codes, link, list, page, sentence, table, unitOf } from "./markdown.ts";
import { headerOf, type Sources } from "./sources.ts";

const INTRODUCTION = `A read model folds the facts of the logs it follows into rows. A list is
\`GET /api/<plural>?page=1&pageSize=20&sort=-field&<filter>=<value>\`, answered with \`{rows, total, page, pageSize, totalPages, next}\`; pages have at most 100 rows,
\`?after=<next>\` continues after the end of a page with the same sort and filters, through all rows. Any other filter
or sort key is refused. A read with \`X-Position\` waits up to five seconds until its read model has passed that position;
a position of a log it does not follow is ignored. Processes also follow logs: they send the commands that follow from the facts.`;

export const readModelsPage = (sources: Sources, models: readonly ModelLines[], { projections, processes }: House): string =>
	page(
		"Read models and processes",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["read model or process", "follows", ""],
			[...projections, ...processes].map(({ path, value }) => [link(value.name), codes(value.follows), sentence(headerOf(path))]),
		),
		...projections.map((stated) => projectionText(sources, models, stated)),
		...processes.map((stated) => processText(stated)),
	);

function projectionText(sources: Sources, models: readonly ModelLines[], stated: Stated<AnyProjection>): string {
	const { name, of, follows, on, filters, identity = [], sorts = [], counted = [], changesAt: due, internal } = stated.value;
	const facts = Object.keys(on).map(
		(fact) => `${link(fact, "facts.md")}${typeof on[fact] === "function" ? "" : ` (on the ${of} it names)`}`,
	);
	const itself = filters.filter((filter) => identity.includes(filter));
	return [
		`## ${name}`,
		sentence(headerOf(stated.path)),
		internal ? "No route: only other services read it." : `\`GET /api/${name}\`, \`GET /api/${name}/:id\``,
		list(
			`Follows: ${codes(follows)}. Each row is one ${code(of)}.`,
			`Folds: ${facts.join(", ")}.`,
			`Filters: ${codes(filters)}${itself.length > 0 ? `; ${codes(itself)} is the row's own id` : ""}.`,
			`Sort keys: ${codes(["id", ...sorts])}, each also with a minus sign; ${code("id")} by default.`,
			`Stored totals: of the whole list${counted.length > 0 ? `, and of each value of ${codes(counted)}` : ""}; other totals are counted in an index.`,
			due ? "Rows also change without a new fact, at the instants they hold." : "",
		),
		rowTable(rowOf(sources, models, stated)),
	]
		.filter((part) => part !== "")
		.join("\n\n");
}

/** The fields of a shown row; a field without a comment takes its meaning from the facts. */
function rowOf(sources: Sources, models: readonly ModelLines[], { path, constant, value }: Stated<AnyProjection>): FieldLine[] {
	const shown = sources.returned(sources.member(sources.typeOf(path, constant), "show"));
	const facts = models.flatMap((model) => model.facts).filter(({ type }) => type in value.on);
	const known = meaningsOf(facts.flatMap(({ fields }) => fields).toReversed());
	return [
		{ path: "id", type: "text", optional: false, meaning: `Id of the ${value.of}.` },
		{ path: "version", type: "number", optional: false, meaning: `Number of facts of the ${value.of}; the value for \`If-Match\`.` },
		...fieldsOf(sources, shown).map((line) => explained(line, known)),
	];
}

const rowTable = (fields: readonly FieldLine[]): string =>
	table(
		["field", "type", "unit", "may be absent", "meaning"],
		fields.map(({ path, type, optional, meaning }) => [code(path), type, unitOf(path), optional ? "yes" : "", meaning]),
	);

function processText({ path, value }: Stated<AnyProcess>): string {
	const { name, follows, subjects, sends } = value;
	const facts = (of: readonly string[]): string => of.map((fact) => link(fact, "facts.md")).join(", ");
	const references = referenceFacts(value);
	return [
		`## ${name}`,
		sentence(headerOf(path)),
		list(
			`Follows: ${codes(follows)}; and ${code(INTERVENTIONS.log)}, for an operator's decisions about parked work.`,
			`A piece of work starts with ${facts(Object.keys(subjects.start))}.`,
			`It continues with ${facts(Object.keys(subjects.continue))}.`,
			references.length > 0 ? `It depends on ${facts(references)}; a backdated fact wakes the work in the time span it changes.` : "",
			`Sends ${sends.map((command) => link(command, "commands.md")).join(", ")}.`,
			"A command that is refused, or fails ten times, is parked with its code until an operator retries or drops it; later facts of that work wait, and all other work continues.",
		),
	].join("\n\n");
}
