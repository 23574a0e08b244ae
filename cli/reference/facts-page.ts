/** Facts - the page of all facts, field by field, with the commands that record them and the services that fold them. */
import { referenceFacts } from "../../model/index.ts";
import type { House } from "../common/catalogue.ts";
import type { FactLines, ModelLines } from "./model-lines.ts";
import { code, link, list, page, sentence, table, unitOf } from "./markdown.ts";

const INTRODUCTION = `A fact is the result of a decision: past tense, plain JSON, stored permanently, never renamed. The facts of one decision
are together in one commit, with its position (\`radar:0:1234\`), the version of the actor, the command and its sender (\`by\`), the instant of the decision (\`at\`),
and for a process the position of the fact that caused it (\`cause\`). \`GET /api/<plural>/:id/history\` shows the commits of one actor, \`GET /api/live\` every fact
as it becomes visible. Instants are ISO-8601 in UTC with milliseconds; \`from: null\` is the beginning of time. A field marked
personal is personal data; one marked sealed is also encrypted, and null once the person is forgotten.`;

export const factsPage = (models: readonly ModelLines[], house: House): string =>
	page(
		"Facts",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["fact", "log", ""],
			models.flatMap(({ value, facts }) => facts.map(({ type, meaning }) => [link(type), code(value.context), meaning])),
		),
		...models.flatMap((model) => [
			`## ${model.value.name}`,
			sentence(model.header),
			...model.facts.map((fact) => factText(model, fact, house)),
		]),
	);

function factText({ value, commands }: ModelLines, { type, meaning, fields }: FactLines, house: House): string {
	const { fields: personal = [], of } = value.personal?.[type] ?? {};
	const said = commands.filter(({ facts }) => facts.includes(type)).map(({ name }) => link(`${value.name}.${name}`, "commands.md"));
	return [
		`### ${type}`,
		sentence(meaning),
		table(
			["field", "type", "unit", "may be absent", "personal", "meaning"],
			fields.map((field) => [
				code(field.path),
				field.type,
				unitOf(field.path),
				field.optional ? "yes" : "",
				personal.includes(field.path.split(/[.[]/)[0] ?? "") ? (of ? "sealed" : "personal") : "",
				field.meaning,
			]),
		),
		list(
			`${said.length > 0 ? `Recorded by ${said.join(", ")}` : "No command records it any more"}${value.begins.includes(type) ? `; it creates the ${value.name}` : ""}.`,
			foldedBy(type, house),
		),
	]
		.filter((part) => part !== "")
		.join("\n\n");
}

function foldedBy(type: string, { projections, processes }: House): string {
	const rows = projections.flatMap(({ value: { name, on } }) => {
		const handler = on[type];
		if (handler === undefined) return [];
		return [`${link(name, "read-models.md")}${typeof handler === "function" ? "" : " (on the row of another actor)"}`];
	});
	const work = processes.flatMap(({ value }) => {
		const { name, subjects } = value;
		const parts = [
			...(type in subjects.start ? ["starts its work"] : []),
			...(type in subjects.continue ? ["continues its work"] : []),
			...(referenceFacts(value).includes(type) ? ["its work depends on it"] : []),
		];
		return parts.length > 0 ? [`${link(name, "read-models.md")} (${parts.join(", ")})`] : [];
	});
	const all = [...rows, ...work];
	return all.length > 0 ? `Folded by ${all.join(", ")}.` : "";
}
