/** npm run import FILE - reads a radar file in the columns of the French open data into a running system. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Client } from "../demo/client.ts";
import { importRadars, type LineError, slicesOf } from "../demo/radar-import.ts";
import { oneLine, red, table, withProgress } from "./terminal.ts";

const USAGE = "npm run import FILE [-- --url http://127.0.0.1:3000/api]";
const NOTHING_DONE = 1;
const SOME_LINES_REJECTED = 2;

async function main(): Promise<number> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { url: { type: "string", default: "http://127.0.0.1:3000/api" } },
	});
	const [file, ...more] = positionals;
	if (file === undefined || more.length > 0) throw new Error(`one file is needed: ${USAGE}`);
	const slices = slicesOf(await readWhole(file));
	const rows = slices.reduce((sum, slice) => sum + slice.rows, 0);
	if (rows === 0) throw new Error(`${file} has no rows below its header`);

	const client = new Client(values.url);
	const report = await withProgress("radars", rows, (advance) => importRadars(client, slices, advance)).finally(() => client.close());
	const { imported, changed, unchanged, rejected, errors } = report;
	for (const error of errors) console.error(red(asText(error)));
	console.log(
		table([
			["imported", imported],
			["changed", changed],
			["unchanged", unchanged],
			["rejected", rejected],
		]),
	);
	return rejected > 0 ? SOME_LINES_REJECTED : 0;
}

async function readWhole(file: string): Promise<Buffer> {
	try {
		return await readFile(file);
	} catch (error) {
		throw new Error(`${file} cannot be read: ${oneLine(error)}`, { cause: error });
	}
}

function asText({ line, lastLine = line, code, detail }: LineError): string {
	return `${line === lastLine ? `line ${line}` : `lines ${line}-${lastLine}`}: ${[code, detail].filter(Boolean).join(" - ")}`;
}

try {
	process.exitCode = await main();
} catch (error) {
	console.error(red(oneLine(error)));
	process.exitCode = NOTHING_DONE;
}
