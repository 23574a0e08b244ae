/** Facts - everything that is ever said in a log, field by field: what is stored for ever, and who makes something of it. */
import type { House } from "../common/catalogue.ts";
import type { FactLines, ModelLines } from "./laws.ts";
import { code, link, list, page, sentence, table, unitOf } from "./markdown.ts";

const INTRODUCTION = `A fact is what a decision said: past tense, plain JSON, stored for ever, never renamed. The facts of one decision
stand together in one commit, with its position (\`radar:0:1234\`), the version of the actor, the command and who gave it (\`by\`), when it was decided (\`at\`), and for a process
the position of the fact it follows from (\`cause\`). \`GET /api/<plural>/:id/history\` shows the commits of one actor, \`GET /api/live\` every fact
as it becomes visible. Instants are ISO-8601 in UTC with milliseconds; \`from: null\` is the beginning of time. A field marked
personal is personal data.`;

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
	const personal = value.personal?.[type] ?? [];
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
				personal.includes(field.path.split(/[.[]/)[0] ?? "") ? "personal" : "",
				field.meaning,
			]),
		),
		list(
			`${said.length > 0 ? `Said by ${said.join(", ")}` : "No command says it any more"}${value.begins.includes(type) ? `; it begins the ${value.name}` : ""}.`,
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
	const work = processes.flatMap(({ value: { name, subjects, references } }) => {
		const parts = [
			...(type in subjects.start ? ["begins its work"] : []),
			...(type in subjects.continue ? ["goes on with its work"] : []),
			...(type in references.on ? ["what its work depends on"] : []),
		];
		return parts.length > 0 ? [`${link(name, "read-models.md")} (${parts.join(", ")})`] : [];
	});
	const all = [...rows, ...work];
	return all.length > 0 ? `Folded by ${all.join(", ")}.` : "";
}
