/** npm run import FILE - sends a radar file in the columns of the French open data to a running system. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Client } from "../demo/client.ts";
import { importRadars, type LineError, slicesOf } from "../demo/radar-import.ts";
import { ENVIRONMENT } from "../node/settings/environment.ts";
import { tokenIn } from "./common/token.ts";
import { escaped, guardOutput, tell, warn } from "./common/output.ts";
import { oneLine, red, table, withProgress } from "./common/terminal.ts";

const USAGE = `Usage: npm run import -- FILE [--url URL]

Sends a radar file in the columns of the French open data (CSV) to a running system. Existing radars are changed where the file
differs; invalid lines are listed, and the others are imported. Running it again is safe. Exit code 0, or 2 if lines were
rejected, or 1 if nothing was done.

Sends VIGIE_TOKEN, or else the token of DATA_DIR (the file keys/token).

  --url  the system, by default http://127.0.0.1:PORT/api, or https://localhost:PORT/api with TLS_CERT, with the settings of npm start`;
const NOTHING_DONE = 1;
const SOME_LINES_REJECTED = 2;

async function main(): Promise<number> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { url: { type: "string", default: ownUrl(process.env) }, help: { type: "boolean", short: "h" } },
	});
	if (values.help) return (tell(USAGE), 0);
	const [file, ...more] = positionals;
	if (file === undefined || more.length > 0) throw new Error("one file is needed: npm run import -- FILE; --help explains more");
	const slices = slicesOf(await readWhole(file));
	const rows = slices.reduce((sum, slice) => sum + slice.rows, 0);
	if (rows === 0) throw new Error(`${file} has no rows below its header`);

	const client = new Client(values.url, tokenIn(process.env));
	const report = await withProgress("radars", rows, (advance) => importRadars(client, slices, advance)).finally(() => client.close());
	const { imported, changed, unchanged, rejected, errors } = report;
	for (const error of errors) warn(red(asText(error)));
	tell(
		table([
			["imported", imported],
			["changed", changed],
			["unchanged", unchanged],
			["rejected", rejected],
		]),
	);
	return rejected > 0 ? SOME_LINES_REJECTED : 0;
}

const ownUrl = ({ PORT, TLS_CERT }: NodeJS.ProcessEnv): string =>
	`${TLS_CERT ? "https://localhost" : "http://127.0.0.1"}:${PORT || ENVIRONMENT.PORT.default}/api`;

async function readWhole(file: string): Promise<Buffer> {
	try {
		return await readFile(file);
	} catch (error) {
		throw new Error(`${file} cannot be read: ${oneLine(error)}`, { cause: error });
	}
}

function asText({ line, lastLine = line, code, detail }: LineError): string {
	return escaped(`${line === lastLine ? `line ${line}` : `lines ${line}-${lastLine}`}: ${[code, detail].filter(Boolean).join(" - ")}`);
}

guardOutput();
try {
	process.exitCode = await main();
} catch (error) {
	warn(red(oneLine(error)));
	process.exitCode = NOTHING_DONE;
}
