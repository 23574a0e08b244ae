/** Radar import - sends a radar file in small slices, and reports errors by their lines in the file. */
import { type Client, NotDone } from "./client.ts";

/** A rejected line of the file, counted from 1; all lines up to `lastLine` if the whole slice was refused. */
export interface LineError {
	readonly line: number;
	readonly lastLine?: number;
	readonly code: string;
	readonly detail: string;
}
export interface ImportReport {
	readonly imported: number;
	readonly changed: number;
	readonly unchanged: number;
	readonly rejected: number;
	readonly errors: readonly LineError[];
}
export interface Slice {
	/** The header and some rows, with the bytes of the file. */
	readonly bytes: Buffer;
	readonly rows: number;
	/** Line of the first row in the file, last line of the last row, and number of header lines. */
	readonly firstLine: number;
	readonly lastLine: number;
	readonly headerLines: number;
}
interface CsvRecord {
	readonly start: number;
	readonly end: number;
	readonly line: number;
	readonly lines: number;
	readonly blank: boolean;
}

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Sends the file slice by slice and adds up the answers; `advance` gets the number of rows sent. A slice that the system cannot read counts
 * as rejected, and the next one is sent. Throws NotReached, and NotDone if the system fails.
 */
export async function importRadars(
	client: Client,
	slices: readonly Slice[],
	advance: (rows: number) => void = () => undefined,
): Promise<ImportReport> {
	let sum: ImportReport = { imported: 0, changed: 0, unchanged: 0, rejected: 0, errors: [] };
	let sent = 0;
	for (const slice of slices) {
		const report = await sendSlice(client, slice);
		sum = {
			imported: sum.imported + report.imported,
			changed: sum.changed + report.changed,
			unchanged: sum.unchanged + report.unchanged,
			rejected: sum.rejected + report.rejected,
			errors: [...sum.errors, ...report.errors],
		};
		advance((sent += slice.rows));
	}
	return sum;
}

async function sendSlice(client: Client, { bytes, rows, firstLine, lastLine, headerLines }: Slice): Promise<ImportReport> {
	try {
		const { body } = await client.send<ImportReport>("/radars/import", "text/csv", bytes);
		// The system counts the lines of the request: the header, then the slice.
		return {
			...body,
			errors: body.errors.map((error) => ({
				...error,
				line: error.line > headerLines ? error.line - headerLines - 1 + firstLine : error.line,
			})),
		};
	} catch (error) {
		if (!(error instanceof NotDone) || ![400, 413, 422].includes(error.status)) throw error;
		return {
			imported: 0,
			changed: 0,
			unchanged: 0,
			rejected: rows,
			errors: [{ line: firstLine, lastLine, code: error.code, detail: error.message }],
		};
	}
}

/** Cuts the file into slices of `rowsEach` rows, each with the file's header; none if the file has no rows. */
export function slicesOf(file: Buffer, rowsEach = 200): Slice[] {
	const [header, ...body] = recordsOf(file);
	if (!header) return [];
	const rows = body.filter(({ blank }) => !blank);
	const headerBytes = file.subarray(header.start, header.end);
	return Array.from({ length: Math.ceil(rows.length / rowsEach) }, (_, index) => {
		const part = rows.slice(index * rowsEach, (index + 1) * rowsEach);
		const [first = header] = part;
		const last = part.at(-1) ?? header;
		return {
			bytes: Buffer.concat([headerBytes, file.subarray(first.start, last.end)]),
			rows: part.length,
			firstLine: first.line,
			lastLine: last.line + last.lines - 1,
			headerLines: header.lines,
		};
	});
}

/**
 * The records of a CSV text. A line ends a record unless a quoted field is open, that is, after an odd number of quotes (a doubled quote
 * counts twice). It reads bytes, because quotes and line ends are the same in UTF-8 and in Latin-1.
 */
function recordsOf(file: Buffer): CsvRecord[] {
	const records: CsvRecord[] = [];
	let start = 0;
	let line = 1;
	let lines = 0;
	let quoted = false;
	let blank = true;
	for (let index = 0; index <= file.length; index++) {
		const byte = file[index];
		if (byte === QUOTE) quoted = !quoted;
		if (byte !== NEWLINE && byte !== undefined) {
			if (byte !== CARRIAGE_RETURN) blank = false;
			continue;
		}
		lines++;
		if (quoted && byte === NEWLINE) continue;
		const end = Math.min(index + 1, file.length);
		if (end > start) records.push({ start, end, line, lines, blank });
		[start, line, lines, blank] = [end, line + lines, 0, true];
	}
	return records;
}
