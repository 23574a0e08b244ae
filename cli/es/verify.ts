/** Verify - es-verify proves that the log was not rewritten; es-heads exports the small text that an outsider keeps for this proof. */
import { readFile, writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Verifying } from "../../mixins/logs/audited.ts";
import type { RowFinding, RowsChecked, RowsChecking } from "../../mixins/read-models/row-check.ts";
import { headsText, type PublicKey } from "../../store/evidence/heads.ts";
import type { Head } from "../../store/log.ts";
import type { Finding, Progress, Verified } from "../../store/evidence/verify.ts";
import { escaped } from "../common/output.ts";
import { type Command, named, UsageError } from "./command.ts";
import { changeText, differences } from "./difference.ts";
import { columns, type Out, paint } from "./out.ts";
import { type Catalogue, catalogueOf, type System } from "./system.ts";

export const esVerify: Command = {
	name: "es-verify",
	description:
		"Checks each log along its hash chain and signed heads and names the first commit that does not fit; also checks that its rows come from commits it holds, and that the store has no foreign triggers or views",
	example: "es-verify --heads heads.txt --rows",
	needs: "logs",
	args: [{ name: "logs", optional: true, many: true, of: "logs" }],
	options: {
		heads: {
			value: "file",
			description: "heads exported earlier (es-heads) and kept elsewhere: finds a log that was truncated or rewritten",
		},
		rows: { description: "also folds every row of read models and processes again and compares it: finds rows that were changed" },
	},
	async run({ args, options, flags }, system, out) {
		const catalogue = await catalogueOf(system);
		const logs = args.length === 0 ? catalogue.logs : args.map((log) => named("log", log, catalogue.logs));
		const heads = options["heads"] === undefined ? {} : { heads: await contentOf(options["heads"]) };
		const foreign = await system.call<readonly string[]>(`${catalogue.keeperOf.get(logs[0] ?? "")}.foreign`);
		const partitions: Verified[] = [];
		for (const log of logs) partitions.push(...(await verified(system, catalogue, log, heads, out)));
		const rows: RowsChecked[] = [];
		for (const [name, follows] of catalogue.checkable)
			if (follows.some((log) => logs.includes(log))) rows.push(await checked(system, name, flags.has("rows"), out));
		const findings = [...partitions, ...rows].flatMap((one): readonly (Finding | RowFinding)[] => one.findings);
		const ok = foreign.length === 0 && findings.length === 0 && rows.every(({ compared }) => (compared?.differing ?? 0) === 0);
		out.give({ ok, partitions, rows, foreign }, () => reportOf(partitions, rows, findings, foreign));
		return ok ? 0 : 1;
	},
};

async function verified(system: System, { keeperOf }: Catalogue, log: string, heads: object, out: Out): Promise<Verified[]> {
	const partitions: Verified[] = [];
	const reached = new Map<string, Progress>();
	const sum = (of: (progress: Progress) => number): number => [...reached.values()].reduce((total, one) => total + of(one), 0);
	await out.progress(log, 0, (advance) =>
		reading<Verifying>(system, `${keeperOf.get(log)}.verify`, heads, out, `${log} was not verified to its end`, (item) => {
			if ("findings" in item) partitions.push(item);
			else reached.set(item.log, item);
			advance(
				sum(({ position }) => position),
				sum(({ tail }) => tail),
			);
		}),
	);
	return partitions;
}
async function checked(system: System, name: string, rows: boolean, out: Out): Promise<RowsChecked> {
	let end: RowsChecked | null = null;
	await out.progress(`rows of ${name}`, 0, (advance) =>
		reading<RowsChecking>(system, `${name}.check`, { rows }, out, `the rows of ${name} were not checked to their end`, (item) => {
			if (item.phase === "checked") end = item;
			else advance(item.done, item.total, item.phase);
		}),
	);
	if (!end) throw new Error(`the rows of ${name} were not checked to their end`);
	return end;
}
/** Reads a stream to its end; an interrupt ends it with the error `cut`. */
async function reading<T>(system: System, action: string, params: object, out: Out, cut: string, take: (item: T) => void): Promise<void> {
	const stream = await system.call<Readable>(action, params);
	const end = (): void => void stream.destroy();
	out.enough.addEventListener("abort", end, { once: true });
	try {
		for await (const item of stream.iterator() as AsyncIterable<T>) take(item); // the item type of the action
	} catch (error) {
		throw out.enough.aborted ? new Error(cut) : error;
	} finally {
		out.enough.removeEventListener("abort", end);
	}
}

function reportOf(
	partitions: readonly Verified[],
	rows: readonly RowsChecked[],
	findings: readonly (Finding | RowFinding)[],
	foreign: readonly string[],
): string {
	const table = columns(
		["log", "commits", "heads", "signed up to", "findings"],
		partitions.map(({ log, verified: commits, heads, signed, findings: found }) => [log, commits, heads, signed, found.length]),
	);
	const lines = findings.map(({ log, position, code, detail }) => `${paint("red", code)} at ${log}:${position}: ${escaped(detail)}`);
	const differing = rows.flatMap(({ name, compared }) =>
		compared === null || compared.differing === 0 ? [] : [differingText(name, compared)],
	);
	const parts = foreign.map(
		(part) => `${paint("red", "foreign")}: ${escaped(part)} is not of this system, and can change what it reads or writes`,
	);
	const wrong = [...parts, ...lines, ...differing];
	return [table, ...(rows.length > 0 ? [rowsTable(rows)] : []), ...(wrong.length > 0 ? wrong : [paint("green", fine(rows))])].join("\n");
}
const rowsTable = (rows: readonly RowsChecked[]): string =>
	columns(
		["rows of", "compared", "differing", "findings"],
		rows.map(({ name, compared, findings }) => [name, compared?.rows ?? null, compared?.differing ?? null, findings.length]),
	);
const fine = (rows: readonly RowsChecked[]): string =>
	rows.some(({ compared }) => compared) ? "every commit fits, and every row is what the logs make it" : "every commit fits";
function differingText(name: string, { differing, differences: found }: NonNullable<RowsChecked["compared"]>): string {
	return [
		`${paint("red", "rows")} of ${name}: ${differing.toLocaleString("en")} are not what the logs make them (first as kept, then as folded)`,
		...found.flatMap(({ id, before, after }) => [
			`  ${escaped(id)}`,
			...differences(before, after).map((change) => `  ${changeText(change)}`),
		]),
		...(differing > found.length ? [`  and ${differing - found.length} more`] : []),
	].join("\n");
}

async function contentOf(file: string): Promise<string> {
	return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
		throw new UsageError(`${file} cannot be read (${error.code})`);
	});
}

export const esHeads: Command = {
	name: "es-heads",
	description: "The signed heads of every log and the public keys that check them, as one small text to keep elsewhere",
	example: "es-heads --out heads.txt",
	needs: "logs",
	args: [],
	options: { out: { value: "file", description: "writes to this file instead of stdout" } },
	async run({ options }, system, out) {
		const { keeperOf } = await catalogueOf(system);
		const all = await Promise.all(
			[...keeperOf.values()].map(async (keeper) => ({
				heads: await system.call<readonly Head[]>(`${keeper}.heads`),
				keys: await system.call<readonly PublicKey[]>(`${keeper}.keys`),
			})),
		);
		const heads = all.flatMap((one) => one.heads);
		const keys = [...new Map(all.flatMap((one) => one.keys).map((key) => [key.id, key])).values()];
		const text = headsText(keys, heads);
		if (options["out"] === undefined) out.give({ keys, heads }, () => text.trimEnd());
		else {
			await writeFile(options["out"], text);
			out.give({ file: options["out"] }, () => `written to ${options["out"]}`);
		}
		return 0;
	},
};
