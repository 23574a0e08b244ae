/** npm run move - copies the logs and rows of a stopped system to another store; it may be interrupted at any moment and run again. */
import { resolve } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { processTableOf } from "../mixins/processes/rows.ts";
import { publicKeysOf } from "../store/evidence/heads.ts";
import { keepKnown, knownIn } from "../store/evidence/keys.ts";
import { keepMaster } from "../store/vault/master-key.ts";
import { type Moved, move } from "../store/move/move.ts";
import { type Advance, MoveUnfinished, type Watch } from "../store/move/terms.ts";
import { ENVIRONMENT } from "../node/settings/environment.ts";
import { columns } from "./es/out.ts";
import { closed, type OpenPlace, openPlace, samePlace } from "./move/place.ts";
import { loadHouse } from "./common/catalogue.ts";
import { guardOutput, tell, warn } from "./common/output.ts";
import { onStop } from "../node/stopping.ts";
import { oneLine, red, withProgress } from "./common/terminal.ts";

const USAGE = `Usage: npm run move -- --from <place> --to <place>

Copies every log with its signed heads, and the rows of every read model and process, to another store. Stop the system first. The
target must be empty, or hold the result of an interrupted move, which then resumes. At the end both sides are compared; the exit code
is 0 only if they are equal. Public keys and the keys of personal data are copied, the signing key is not. Revisions of rows (the ETag of a read) start again.

  <place>       sqlite:DIR, a data folder, or mongodb://HOST/DATABASE
  DATA_DIR      where the keys of a system on MongoDB are, as for npm start
  KEYS_URL      the database of the keys of personal data, for the side on MongoDB, as for npm start
  TRUSTED_KEYS  public keys of other nodes that signed, as for npm start
  MONGO_USER, MONGO_PASSWORD, MONGO_CA, MONGO_CERT_KEY
                access to MongoDB, as for npm start; credentials in the place count first, but other users of the machine see them

For example: npm run move -- --from sqlite:./data --to mongodb://localhost:27017/vigie`;
const NOT_MOVED = 1;

async function main(): Promise<void> {
	const { values } = parseArgs({ options: { from: { type: "string" }, to: { type: "string" }, help: { type: "boolean", short: "h" } } });
	if (values.help) return tell(USAGE);
	const { from, to } = values;
	if (from === undefined || to === undefined) throw new Error("--from and --to are needed: npm run move -- --help");
	if (samePlace(from, to)) throw new Error("--from and --to are the same place");
	const dataDir = resolve(process.env["DATA_DIR"] || ENVIRONMENT.DATA_DIR.default);
	const source = await openPlace("from", from, dataDir);
	try {
		const target = await openPlace("to", to, dataDir);
		await moved(source, target).finally(() => closed(target));
	} finally {
		await closed(source);
	}
}

async function moved(from: OpenPlace, to: OpenPlace): Promise<void> {
	for (const warning of [...from.warnings, ...to.warnings]) warn(warning);
	const { projections, processes } = await loadHouse();
	const keys = knownIn(from.keys, [...publicKeysOf(process.env["TRUSTED_KEYS"] ?? "").values()]);
	const told = await move({
		from,
		to,
		readModels: projections.map(({ value }) => value.name),
		tables: processes.map(({ value }) => processTableOf(value)),
		keys: new Map([...keys, ...knownIn(to.keys)]),
		turn: () => turn(),
		watch: watching(),
	});
	keepKnown(to.keys, keys);
	keepMaster(from.keys, to.keys);
	tell(report(told));
}
/** Shows progress bars. The first signal stops the move at the next step; the second one ends the process at once. */
function watching(): Watch {
	let stopped = false;
	onStop(() => (stopped = true));
	const unlessStopped =
		(advance: Advance): Advance =>
		(done, total) => {
			advance(done, total);
			if (stopped) throw new MoveUnfinished("it was stopped");
		};
	return (label, total, work) => withProgress(label, total, (advance) => work(unlessStopped(advance)), { pace: true });
}
const report = ({ logs, rows }: Moved): string =>
	[
		columns(
			["log", "commits", "heads", "signed up to"],
			logs.map(({ name, commits, heads, signed }) => [name, commits, heads, signed]),
		),
		"",
		columns(
			["rows of", "", "rows"],
			rows.map(({ name, state, rows: count }) => [name, state ?? "", count]),
		),
		"",
		"moved: every commit, head, row and checkpoint is the same on both sides",
	].join("\n");

guardOutput();
try {
	await main();
} catch (error) {
	const again = error instanceof MoveUnfinished ? "; run the move again: it goes on where it stopped" : "";
	warn(red(`not moved: ${oneLine(error)}${again}`));
	process.exitCode = NOT_MOVED;
}
