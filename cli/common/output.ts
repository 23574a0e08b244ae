/** Output - what is written for people: no character of somebody else's text is a command to their terminal, and nobody has to read it to the end. */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { styleText } from "node:util";

type Stream = NodeJS.WriteStream;

/** Control characters, marks that turn or hide text, and line breaks only some programs know. */
const COMMANDS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The same, but for line ends and tabs, which lay out what we write ourselves. */
const COMMANDS_IN_LINES = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The colours our own text and Moleculer's has. */
const COLOUR = /\u001b\[(?:[0-4]|2[2-4]|3[0-79]|4[0-79]|9[0-7]|10[0-7])m/g;

/** A text from elsewhere, on one line, as it can be shown: what would command a terminal is written as `\u001b`. */
export const escaped = (text: string): string => text.replace(COMMANDS, escape);
/** JSON that a terminal shows as it is, and every parser reads as before. */
export const jsonOf = (value: unknown): string => String(JSON.stringify(value)).replace(COMMANDS, escape);
const escape = (character: string): string =>
	Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta";
/** In a colour where the stream shows any: Node leaves it out where that is no terminal or NO_COLOR is set. */
export const painted = (colour: Colour, text: string, stream: Stream): string =>
	styleText(colour, text.replace(COMMANDS_IN_LINES, escape), { stream });

/** Lines as they go to a stream: colours only where it shows them, and no other command. */
export function shown(text: string, stream: Stream): string {
	const coloured = painted("bold", "x", stream) !== "x";
	const parts = text.replaceAll("\r\n", "\n").split(COLOUR);
	const colours = coloured ? (text.match(COLOUR) ?? []) : [];
	return parts.map((part, i) => part.replace(COMMANDS_IN_LINES, escape) + (colours[i] ?? "")).join("");
}
/** A line on stdout. */
export const tell = (text: string): void => void process.stdout.write(`${shown(text, process.stdout)}\n`);
/** A line on stderr, beside the answers. */
export const warn = (text: string): void => void process.stderr.write(`${shown(text, process.stderr)}\n`);

export interface Guarding {
	/** Where the log goes: to stdout, unless that has answers alone. */
	readonly log?: Stream;
	/** Called when nobody reads stdout any more, as behind `| head`; the process goes on. */
	readonly unread?: () => void;
}
/** For the whole process: the console shows nothing that commands a terminal, and a reader that goes away ends nothing by itself. */
export function guardOutput({ log = process.stdout, unread = () => undefined }: Guarding = {}): void {
	process.stdout.on("error", unread);
	process.stderr.on("error", () => undefined); // there is nowhere left to say so
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
