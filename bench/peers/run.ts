/**
 * Peers - what a Node developer would pick instead, and Vigie, at the same work: load, decide, append, one actor kind, acknowledged
 * when it is on the disk. Each measurement in a process of its own that is killed in the middle of its work; a fresh one counts
 * what is left of what was acknowledged.
 *
 *   npm ci --prefix bench/peers
 *   node bench/peers/run.ts [--quick] [--only vigie-sqlite,emmett-sqlite] [--rounds 2] [--ms 300]
 *
 * The table goes to stderr, one JSON document to stdout.
 */
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomUUID } from "node:crypto";
import { databaseUrl, mongoServer } from "../../test/support/mongo.ts";
import { type Cell, type Length, type Result, resultOf, type Round, run } from "./cell.ts";
import { CONTESTANTS, type Entry, entryOf, fits } from "./contestants.ts";
import { heading, lineOf, ratioLines, ratiosOf } from "./report.ts";

const { values: options } = parseArgs({
	options: { quick: { type: "boolean", default: false }, only: { type: "string" }, rounds: { type: "string" }, ms: { type: "string" } },
});
function above0(name: "rounds" | "ms", otherwise: number): number {
	const number = Number(options[name] ?? otherwise);
	if (Number.isInteger(number) && number > 0) return number;
	throw new Error(`--${name} takes a whole number above 0, not ${options[name]}`);
}
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const { quick } = options;
const rounds = above0("rounds", quick ? 1 : 2);
const measureMs = above0("ms", quick ? 120 : 300);
const length: Length = { measureMs, warmMs: measureMs, most: 20_000 };
const chosen = options.only === undefined ? CONTESTANTS : options.only.split(",").map((name) => entryOf(name.trim()));
process.once("SIGINT", () => process.exit(130));

/** What is to be measured, one kind of work after the other. */
const kinds: readonly Omit<Cell, "contestant">[] = [false, true].flatMap((projection) =>
	(["new", "hot"] as const).flatMap((shape) => (quick ? [1, 64] : [1, 16, 64]).map((inFlight) => ({ shape, inFlight, projection }))),
);
if (!existsSync(join(import.meta.dirname, "node_modules"))) say("The peers are not installed: npm ci --prefix bench/peers");
const mongo = chosen.some((entry) => entry.mongo) ? await mongoServer() : null;
const remarksOn = ({ mongo: needed }: Entry): string[] => {
	if (!needed) return [];
	if (!mongo) return ["no MongoDB here"];
	return mongo.ferret ? ["on FerretDB, whose updates are not atomic against their own filter: not MongoDB's speed nor its promises"] : [];
};

const done = new Map<string, Round[]>();
const failures = new Map<string, Set<string>>();
const keyOf = (cell: Cell): string => JSON.stringify([cell.contestant, cell.shape, cell.inFlight, cell.projection]);
/** Who did not come to an end once is not asked again. */
const hopeless = (cell: Cell): boolean =>
	failures.has(keyOf(cell)) || (done.get(keyOf(cell)) ?? []).some(({ outcome }) => !outcome.drained || outcome.perSecond === 0);
async function measured(cell: Cell): Promise<void> {
	if (hopeless(cell)) return;
	const needsMongo = entryOf(cell.contestant).mongo ?? false;
	if (needsMongo && !mongo) return;
	const database = `vigie-peers-${randomUUID().slice(0, 8)}`;
	const result = await run(cell, length, needsMongo && mongo ? databaseUrl(mongo.url, database) : undefined);
	if (needsMongo) await mongo?.client.db(database).dropDatabase();
	if (typeof result === "string") failures.set(keyOf(cell), (failures.get(keyOf(cell)) ?? new Set()).add(result));
	else done.set(keyOf(cell), [...(done.get(keyOf(cell)) ?? []), result]);
	say(typeof result === "string" ? `${keyOf(cell)} ${result}` : lineOf(resultOf(cell, entryOf(cell.contestant).durable, [result], [])));
}

const loadBefore = loadavg();
for (let round = 0; round < rounds; round++)
	for (const [i, kind] of kinds.entries()) {
		const first = (round * Math.ceil(chosen.length / rounds) + i) % chosen.length; // nobody always comes first, or always after the same one
		for (const entry of [...chosen.slice(first), ...chosen.slice(0, first)])
			if (fits(entry, kind)) await measured({ contestant: entry.name, ...kind });
	}

const rows: Result[] = kinds.flatMap((kind) =>
	chosen
		.filter((entry) => fits(entry, kind))
		.map((entry) => {
			const cell = { contestant: entry.name, ...kind };
			return resultOf(cell, entry.durable, done.get(keyOf(cell)) ?? [], [...remarksOn(entry), ...(failures.get(keyOf(cell)) ?? [])]);
		}),
);
await mongo?.stop();
const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? "", loadavg: loadavg(), loadavgBefore: loadBefore };
say(`\n${heading}`);
for (const row of rows) say(lineOf(row));
for (const line of ratioLines(rows)) say(line);
const contestants = chosen.map(({ name, durable, setting }) => ({ name, durable, setting }));
console.log(
	JSON.stringify({
		date: new Date().toISOString(),
		node: process.version,
		machine,
		rounds,
		...length,
		contestants,
		ratios: ratiosOf(rows),
		rows,
	}),
);
process.exit(0);
