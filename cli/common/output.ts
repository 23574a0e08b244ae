/** Output - writes text for people: no foreign text can control their terminal, and a reader may close the output early. */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { styleText } from "node:util";

type Stream = NodeJS.WriteStream;

/** Control characters, characters that reorder or hide text, and line breaks that only some programs know. */
const COMMANDS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The same without line feeds and tabs, which our own layout uses. */
const COMMANDS_IN_LINES = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The color sequences in our own text and in Moleculer's. */
const COLOUR = /\u001b\[(?:[0-4]|2[2-4]|3[0-79]|4[0-79]|9[0-7]|10[0-7])m/g;

/** Foreign text on one line, with characters that control a terminal written as `\u001b`. */
export const escaped = (text: string): string => text.replace(COMMANDS, escape);
/** JSON without characters that control a terminal; every parser reads the same value. */
export const jsonOf = (value: unknown): string => String(JSON.stringify(value)).replace(COMMANDS, escape);
const escape = (character: string): string =>
	Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta";
/** Colors a text if the stream shows colors: Node omits them if it is not a terminal or if NO_COLOR is set. */
export const painted = (colour: Colour, text: string, stream: Stream): string =>
	styleText(colour, text.replace(COMMANDS_IN_LINES, escape), { stream });

/** Lines as written to a stream: with colors only if it shows them, and without other control characters. */
export function shown(text: string, stream: Stream): string {
	const coloured = painted("bold", "x", stream) !== "x";
	const parts = text.replaceAll("\r\n", "\n").split(COLOUR);
	const colours = coloured ? (text.match(COLOUR) ?? []) : [];
	return parts.map((part, i) => part.replace(COMMANDS_IN_LINES, escape) + (colours[i] ?? "")).join("");
}
/** Writes a line to stdout. */
export const tell = (text: string): void => void process.stdout.write(`${shown(text, process.stdout)}\n`);
/** Writes a line to stderr, apart from the answers. */
export const warn = (text: string): void => void process.stderr.write(`${shown(text, process.stderr)}\n`);

export interface Guarding {
	/** Stream of the log: stdout, unless stdout has only the answers. */
	readonly log?: Stream;
	/** Called when the reader of stdout is gone, as with `| head`; the process continues. */
	readonly unread?: () => void;
}
/** For the whole process: the console escapes control characters, and a reader that goes away does not end the process. */
export function guardOutput({ log = process.stdout, unread = () => undefined }: Guarding = {}): void {
	process.stdout.on("error", unread);
	process.stderr.on("error", () => undefined); // no stream is left to report it
	globalThis.console = new Console({ stdout: through(log), stderr: through(process.stderr) });
}
const through = (stream: Stream): Writable =>
	new Writable({
		decodeStrings: false,
		write(chunk: unknown, _encoding, done) {
			stream.write(shown(String(chunk), stream));
			done();
		},
	});
