/** Parked - es-parked: the parked commands of processes, and the operator's actions on them. */
import { type Command, type Given, named, UsageError, type Verdict } from "./command.ts";
import { escaped } from "../common/output.ts";
import { columns, nested, type Out, paint } from "./out.ts";
import { catalogueOf, type System } from "./system.ts";

/** A piece of work whose command was refused or kept failing. */
interface Work {
	readonly id: string;
	readonly action?: string;
	readonly code?: string;
	readonly detail?: string;
	readonly attempts?: number;
	readonly cause?: string;
	readonly at?: string;
}
interface Page {
	readonly rows: readonly Work[];
	readonly next?: string | null;
}
type Doing = (system: System, out: Out, process: string, id: string, given: Given) => Promise<Verdict>;

/** The actions on parked work, in their usual order. */
const DOINGS = { list, show, retry, drop } satisfies Record<string, Doing>;

export const esParked: Command = {
	name: "es-parked",
	description: "The parked commands of processes: list them, show one, retry it, or drop it with a recorded reason",
	example: 'es-parked drop case-opening d-1 --reason "captured twice, see d-2"',
	needs: "processes",
	args: [
		{ name: "list|show|retry|drop", optional: true, of: Object.keys(DOINGS) },
		{ name: "process", optional: true, of: "processes" },
		{ name: "id", optional: true },
	],
	options: { reason: { value: "text", description: "why it is dropped: recorded as a fact, with the operator's name" } },
	async run(given, system, out) {
		const [what = "list", process, id = ""] = given.args;
		const doing = Object.entries(DOINGS).find(([name]) => name === what)?.[1];
		if (!doing) throw new UsageError(`there is no action "${what}" on parked work; there are ${Object.keys(DOINGS).join(", ")}`);
		if (process !== undefined) named("process", process, (await catalogueOf(system)).processes);
		if (doing === list && id !== "") throw new UsageError(`"${id}" is one word too many`);
		if (doing !== list && (process === undefined || id === "")) throw new UsageError(`${what} needs <process> <id>`);
		if ((doing === drop) !== (given.options["reason"] !== undefined))
			throw new UsageError(doing === drop ? 'drop needs --reason "..."' : "--reason is only for drop");
		return doing(system, out, process ?? "", id, given);
	},
};

/** Exit code 1 if anything is parked. */
async function list(system: System, out: Out, process: string): Promise<Verdict> {
	const processes = process === "" ? (await catalogueOf(system)).processes : [process];
	const rows: (Work & { readonly process: string })[] = [];
	for (const name of processes)
		for (let after: string | null = ""; after !== null;) {
			const page: Page = await system.call<Page>(`${name}.parked`, after === "" ? {} : { after });
			rows.push(...page.rows.map((row) => ({ process: name, ...row })));
			after = page.next ?? null;
		}
	out.give({ rows }, () =>
		rows.length === 0
			? `nothing is parked in ${processes.join(", ")}`
			: columns(
					["process", "id", "since", "attempts", "command", "code", "detail"],
					rows.map((row) => [row.process, row.id, row.at, row.attempts, row.action, row.code, row.detail]),
				),
	);
	return rows.length === 0 ? 0 : 1;
}

async function show(system: System, out: Out, process: string, id: string): Promise<Verdict> {
	const [row] = (await system.call<Page>(`${process}.parked`, { id })).rows;
	out.give({ process, ...row }, () => `${paint("bold", `${process} ${id}`)}\n${nested(row)}`);
	return 0;
}

async function retry(system: System, out: Out, process: string, id: string): Promise<Verdict> {
	const answer = await system.call<{ outcome: string; code?: string; detail?: string }>(`${process}.retry`, { id });
	const { outcome, code, detail } = answer;
	out.give({ process, ...answer }, () => `${process} ${id}: ${TOLD[outcome] ?? outcome}${code ? escaped(` - ${code}: ${detail}`) : ""}`);
	return outcome === "parked" ? 1 : 0;
}
const TOLD: Readonly<Record<string, string>> = {
	done: "done",
	parked: "refused or failed again, and parked again",
	asked: "requested; no answer yet",
};

async function drop(system: System, out: Out, process: string, id: string, { options }: Given): Promise<Verdict> {
	const answer = await system.call<{ position: string }>(`${process}.drop`, { id, reason: options["reason"] });
	out.give({ process, ...answer }, () => `${process} ${id}: dropped, on record at ${answer.position}`);
	return 0;
}
