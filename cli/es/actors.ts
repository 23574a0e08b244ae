/**
 * Actors - es-state, es-history and es-diff: the state of one actor now or earlier, all decisions about it, and the changes between two
 * moments.
 */
import type { StateThen } from "../../mixins/actors/history.ts";
import { parseInstant } from "../../model/index.ts";
import { type Argument, type Command, named, UsageError } from "./command.ts";
import { changeText, differences } from "./difference.ts";
import { escaped, jsonOf } from "../common/output.ts";
import { columns, nested, paint } from "./out.ts";
import { catalogueOf, type System } from "./system.ts";

interface Decision {
	readonly position: string;
	readonly version: number;
	readonly facts: readonly { readonly type: string; readonly data: unknown }[];
	readonly command: { readonly name: string; readonly id: string };
	readonly by: string;
	readonly at: string;
}
interface History {
	readonly id: string;
	readonly version: number;
	readonly rows: readonly Decision[];
	readonly next: string | null;
}
type Moment = { readonly at: string } | { readonly version: number } | Record<never, never>;

const ACTOR: readonly Argument[] = [{ name: "service", of: "services" }, { name: "id" }];
const MOMENT = "instant|version";
/** Number of existing ids named in the error about an unknown one. */
const SOME = 5;
/** Decisions per call. */
const PAGE = 100;

export const esState: Command = {
	name: "es-state",
	description: "The state of one actor, now or at an earlier instant or version, replayed from its stream",
	example: "es-state radar A6-1 --at 2026-03-01T08:15:00Z",
	needs: "services",
	args: ACTOR,
	options: { at: { value: MOMENT, description: "as of an instant, or after this number of facts" } },
	async run({ args: [service = "", id = ""], options: { at } }, system, out) {
		const then = await stateOf(system, service, id, at === undefined ? {} : momentOf("--at", at));
		out.give({ service, ...then }, () => `${titleOf(service, then)}\n${nested(then.state)}`);
		return 0;
	},
};

export const esHistory: Command = {
	name: "es-history",
	description: "All decisions about one actor: when, by whom, by which command, with which facts",
	example: "es-history detection d-1",
	needs: "services",
	args: ACTOR,
	options: {},
	async run({ args: [service = "", id = ""] }, system, out) {
		let before = 0;
		for await (const page of historyOf(system, service, id)) {
			if (out.enough.aborted) break;
			const from = before;
			out.give({ service, ...page }, () => historyText(service, page, from));
			before = page.version;
		}
		return 0;
	},
};

export const esDiff: Command = {
	name: "es-diff",
	description: "The changes of one actor between two moments, field by field, and the facts that made them",
	example: "es-diff radar A6-1 1 3",
	needs: "services",
	args: [...ACTOR, { name: "from" }, { name: "to" }],
	options: {},
	async run({ args: [service = "", id = "", from = "", to = ""] }, system, out) {
		const [before, after] = [
			await stateOf(system, service, id, momentOf("<from>", from)),
			await stateOf(system, service, id, momentOf("<to>", to)),
		];
		const facts = await factsBetween(system, service, id, before.version, after.version);
		const changes = differences(before.state, after.state);
		const brief = ({ version, at, position }: StateThen) => ({ version, at, position });
		out.give({ service, id, from: brief(before), to: brief(after), changes, facts }, () =>
			[
				`${paint("bold", `${service} ${id}`)} from version ${before.version} to version ${after.version}`,
				...(changes.length > 0 ? changes.map(changeText) : ["  no difference"]),
				paint("bold", "Facts between"),
				...(facts.length > 0 ? facts.map(factText) : ["  none"]),
			].join("\n"),
		);
		return 0;
	},
};

/** Parses a version, or an instant with an offset. */
function momentOf(what: string, text: string): Moment {
	if (/^\d{1,15}$/.test(text)) return { version: Number(text) };
	const at = parseInstant(text);
	if (at === null) throw new UsageError(`${what} is "${text}": it has to be a version, e.g. 3, or an instant, e.g. 2026-03-01T08:15:00Z`);
	return { at };
}

async function stateOf(system: System, service: string, id: string, moment: Moment): Promise<StateThen> {
	await known(system, service);
	return system.call<StateThen>(`${service}.state`, { id, ...moment }).catch((error: unknown) => hinted(system, service, id, error));
}
/** Yields the history page by page. */
async function* historyOf(system: System, service: string, id: string): AsyncGenerator<History> {
	await known(system, service);
	for (let after: string | null = ""; after !== null;) {
		const asked: object = { id, pageSize: PAGE, ...(after === "" ? {} : { after }) };
		const page: History = await system
			.call<History>(`${service}.history`, asked)
			.catch((error: unknown) => hinted(system, service, id, error));
		yield page;
		after = page.next;
	}
}
async function factsBetween(system: System, service: string, id: string, one: number, other: number) {
	const [low, high] = [Math.min(one, other), Math.max(one, other)];
	const found: ReturnType<typeof factsOf>[number][] = [];
	for await (const { rows, version } of historyOf(system, service, id)) {
		found.push(...factsOf(rows).filter((fact) => fact.version > low && fact.version <= high));
		if (version >= high) break;
	}
	return found;
}
const known = async (system: System, service: string): Promise<string> => named("service", service, (await catalogueOf(system)).services);

/** Adds the ids that exist to the error about an unknown actor. */
async function hinted(system: System, service: string, id: string, error: unknown): Promise<never> {
	if (!(error instanceof Error) || !("code" in error) || error.code !== 404) throw error;
	const exists = await system.call(`${service}.state`, { id }).then(
		() => true,
		() => false,
	);
	const list = (await catalogueOf(system)).listOf.get(service);
	if (exists || list === undefined) throw error;
	const { rows, total } = await system.call<{ rows: readonly { id: string }[]; total: number }>(list, { pageSize: SOME });
	const ids = rows.map((row) => row.id).join(", ");
	error.message +=
		total === 0 ? "; there is none yet" : `; there ${total > SOME ? `are ${total}, the first` : total > 1 ? "are" : "is"} ${ids}`;
	throw error;
}

const titleOf = (service: string, { id, version, at, position }: StateThen): string =>
	`${paint("bold", `${service} ${id}`)} at version ${version}, decided ${escaped(at)}, ${position}`;

/** `before`: number of facts shown already. */
function historyText(service: string, { id, rows, version, next }: History, before: number): string {
	const title = paint("bold", `${service} ${id}`) + (before === 0 ? "" : ` after version ${before}`);
	const head = `${title}: ${counted(version - before, "fact")} in ${counted(rows.length, "decision")}${next === null ? "" : ", and more"}`;
	const facts = factsOf(rows);
	const table = columns(
		["version", "at", "position", "by", "command", "fact", "data"],
		facts.map((fact) => [String(fact.version).padStart(7), fact.at, fact.position, fact.by, fact.command, fact.type, jsonOf(fact.data)]),
	);
	return `${head}\n${table}`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** Each fact with the version that it leads to. */
const factsOf = (rows: readonly Decision[]) =>
	rows.flatMap(({ facts, version, at, by, position, command }) =>
		facts.map(({ type, data }, i) => ({ version: version - facts.length + i + 1, at, by, position, command: command.name, type, data })),
	);
const factText = ({ version, at, by, type, data }: ReturnType<typeof factsOf>[number]): string =>
	`  ${version}  ${escaped(at)}  ${escaped(type)}  ${jsonOf(data)}  ${paint("dim", `by ${by}`)}`;
