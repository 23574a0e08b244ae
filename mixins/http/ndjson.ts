/**
 * Ndjson - any number of commands in one request: reads lines with back-pressure and sends them to the actors in batches, a few at a
 * time, so that memory stays bounded for a request of any length. A bad line does not affect other lines.
 */
import { CODES } from "../common/codes.ts";
import type { Item, Outcome } from "../actors/outcome.ts";
import { type FieldError, firstOf } from "../common/errors.ts";
import { problem, type Problem } from "./server/problem.ts";
import { decoded, type JsonProblem, NOT_UTF8, parseObject } from "./json.ts";

export interface LineProblem {
	readonly line: number;
	readonly code: string;
	readonly detail: string;
	readonly errors?: readonly FieldError[];
}
export interface Tally {
	received: number;
	recorded: number;
	duplicates: number;
	refused: number;
	/** At most the first hundred, fewer if they are long. */
	errors: LineProblem[];
}
export interface Bulk {
	readonly tally: Tally;
	/** Set if lines failed for a temporary reason: the client may send them again. */
	failure: string | null;
	/** Set if lines concern actors whose streams cannot be read, which is permanent. */
	unreadable: string | null;
	/** By partition, the position that a read must have reached to include all lines. */
	readonly positions: Map<string, number>;
}

/** Bytes of a line at most. */
const LINE = 64 * 1024;
/** A batch is full at so many lines or so many characters. */
const BATCH = 500;
const BATCH_TEXT = 256 * 1024;
const AT_ONCE = 4;
const ERRORS = 100;
const NEWLINE = 0x0a;

/** A line, or what is wrong with it. */
type Line = { readonly text: string } | { readonly problem: JsonProblem };
const TOO_LONG: Line = { problem: { code: CODES.TOO_LARGE, detail: `A line has at most ${LINE} bytes` } };

/** The lines of a stream of bytes, including a last line without a newline. */
export async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
	let rest: Buffer[] = [];
	let length = 0;
	const keep = (part: Buffer) => {
		length += part.length;
		if (length <= LINE) rest.push(part);
	};
	const line = (): Line => {
		const made = length > LINE ? TOO_LONG : lineOf(rest.length === 1 ? (rest[0] ?? Buffer.alloc(0)) : Buffer.concat(rest));
		rest = [];
		length = 0;
		return made;
	};
	for await (const chunk of source) {
		let lines: Line[] = [];
		let from = 0;
		for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
			keep(chunk.subarray(from, to));
			lines.push(line());
			from = to + 1;
			if (lines.length < BATCH) continue;
			yield lines;
			lines = [];
			await turn();
		}
		if (from < chunk.length) keep(chunk.subarray(from));
		if (lines.length > 0) yield lines;
	}
	if (length > 0) yield [line()];
}

function lineOf(bytes: Buffer): Line {
	const text = decoded(bytes);
	return text === null ? { problem: NOT_UTF8 } : { text };
}
/** Lets the event loop run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const emptyTally = (): Tally => ({ received: 0, recorded: 0, duplicates: 0, refused: 0, errors: [] });

/** Passes every line to `send`; resolves when all are answered. `tally` is updated as outcomes arrive; a batch waits for `room` to resolve. */
export async function takeAll(
	source: AsyncIterable<Buffer>,
	send: (items: readonly Item[]) => Promise<readonly Outcome[]>,
	tally = emptyTally(),
	room: (bytes: number) => Promise<() => void> = async () => () => undefined,
): Promise<Bulk> {
	const bulk: Bulk = { tally, failure: null, unreadable: null, positions: new Map() };
	const running = new Set<Promise<void>>();
	let batch: { line: number; item: Item }[] = [];
	let text = 0;
	let number = 0;
	const flush = async () => {
		if (batch.length === 0) return;
		const [full, leave] = [batch, await room(text)];
		[batch, text] = [[], 0];
		const call: Promise<void> = give(bulk, full, send).finally(() => {
			running.delete(call);
			leave();
		});
		running.add(call);
		if (running.size >= AT_ONCE) await Promise.race(running);
	};
	for await (const lines of linesOf(source)) {
		for (const line of lines) {
			number++;
			const item = "text" in line ? itemOf(bulk, number, line.text) : unreadable(bulk, number, line.problem);
			if (!item || !("text" in line)) continue;
			text += line.text.length;
			batch.push({ line: number, item });
			if (batch.length >= BATCH || text >= BATCH_TEXT) await flush();
		}
		if (running.size < 2) await flush(); // a slow sender does not wait for a full batch
	}
	await flush();
	await Promise.all(running);
	bulk.tally.errors = firstOf(bulk.tally.errors, ERRORS);
	return bulk;
}

/** The problem if some lines have no outcome, else null. */
export function problemIn({ failure, unreadable }: Pick<Bulk, "failure" | "unreadable">): Problem | null {
	if (failure !== null)
		return problem(CODES.STORE_UNAVAILABLE, `Not every line was processed (${failure}); it is safe to send all lines again`);
	if (unreadable === null) return null;
	return problem(CODES.STREAM_UNREADABLE, `Every line was processed except those for streams that cannot be read (${unreadable})`);
}

async function give(
	bulk: Bulk,
	batch: readonly { line: number; item: Item }[],
	send: (items: readonly Item[]) => Promise<readonly Outcome[]>,
): Promise<void> {
	const outcomes = await send(batch.map(({ item }) => item)).catch((error: unknown) =>
		batch.map((): Outcome => ({ failure: error instanceof Error ? error.message : String(error) })),
	);
	const { tally } = bulk;
	batch.forEach(({ line }, i) => {
		const outcome = outcomes[i] ?? { failure: "no answer" };
		if ("done" in outcome) {
			if (outcome.done.written && !outcome.done.replayed) tally.recorded++;
			else tally.duplicates++;
			latest(bulk.positions, outcome.done.position);
		} else if ("refusal" in outcome) {
			const { code, detail, errors } = outcome.refusal;
			refuse(bulk, { line, code, detail, ...(errors ? { errors } : {}) });
		} else if (outcome.unreadable) bulk.unreadable ??= outcome.failure;
		else bulk.failure ??= outcome.failure;
	});
}

const refuse = ({ tally }: Bulk, problem: LineProblem): null => {
	tally.refused++;
	if (tally.errors.length < ERRORS * 4) tally.errors.push(problem); // batches finish out of order, so keep more than the response shows
	return null;
};
function unreadable(bulk: Bulk, line: number, { code, detail }: JsonProblem): null {
	bulk.tally.received++;
	return refuse(bulk, { line, code: code.name, detail });
}
function itemOf(bulk: Bulk, line: number, text: string): Item | null {
	if (text.trim() === "") return null;
	const parsed = parseObject(text);
	if (!("params" in parsed)) return unreadable(bulk, line, parsed.problem);
	bulk.tally.received++;
	return parsed;
}

/** Keeps the later of two positions of a partition. */
function latest(positions: Map<string, number>, position: string): void {
	const cut = position.lastIndexOf(":");
	if (cut < 0) return;
	const partition = position.slice(0, cut);
	const at = Number(position.slice(cut + 1));
	if (at > (positions.get(partition) ?? 0)) positions.set(partition, at);
}
