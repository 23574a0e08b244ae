/** Command - the definition of an operator command, shared by the REPL, the command line and the reference page. */
import { parseArgs } from "node:util";
import type { Out } from "./out.ts";
import type { Needed, System } from "./system.ts";

/** Kinds of names in the system: used by tab completion and listed when a name is wrong. */
export type Kind = "services" | "readModels" | "processes" | "logs" | "facts";
export interface Argument {
	readonly name: string;
	readonly optional?: true;
	/** Takes all remaining words. */
	readonly many?: true;
	/** The allowed names: those of a kind, or exactly these. */
	readonly of?: Kind | readonly string[];
}
export interface Option {
	/** Name of its value; an option without it is a flag. */
	readonly value?: string;
	readonly description: string;
	/** Names of this kind, separated by commas. */
	readonly of?: Kind;
}
/** The words of a command, parsed. */
export interface Given {
	readonly args: readonly string[];
	readonly options: Readonly<Record<string, string>>;
	readonly flags: ReadonlySet<string>;
}
/** 1: the command found something, or did not succeed. */
export type Verdict = 0 | 1;
/** Name, usage and description of a command. */
export interface Described {
	/** `es-state` in the REPL, `state` on the command line. */
	readonly name: `es-${string}`;
	readonly description: string;
	/** As typed in the REPL. */
	readonly example: string;
	readonly args: readonly Argument[];
	readonly options: Readonly<Record<string, Option>>;
}
export interface Command extends Described {
	/** Runs until interrupted: the next command does not wait for its end. */
	readonly endless?: true;
	/** The kind of service that the command requires. */
	readonly needs: Needed;
	run(given: Given, system: System, out: Out): Promise<Verdict>;
}
/** Works on the data folder of a stopped system; only on the command line. */
export interface OfflineCommand extends Described {
	run(given: Given, out: Out): Promise<Verdict>;
}
/** A command with wrong words or options. */
export class UsageError extends Error {}

/** The options of every command. */
export const COMMON: Readonly<Record<string, Option>> = { json: { description: "for scripts: JSON on stdout and nothing else" } };
export const optionsOf = ({ options }: Pick<Described, "options">): Readonly<Record<string, Option>> => ({ ...options, ...COMMON });

export const argumentText = ({ name, optional, many }: Argument): string => {
	const text = many ? `${name}...` : name;
	return optional ? `[${text}]` : `<${text}>`;
};
export const optionText = (name: string, { value }: Option): string => (value === undefined ? `--${name}` : `--${name} <${value}>`);

/** Prefix of a command as typed: in the REPL, or on the command line. */
export type Prefix = "es-" | "npm run es -- ";
export const typed = (text: string, prefix: Prefix): string => text.replace(/^es-/, prefix);

/** `es-state <service> <id> [--at <instant|version>] [--json]` */
export const usageOf = (command: Described, prefix: Prefix = "es-"): string =>
	[
		typed(command.name, prefix),
		...command.args.map(argumentText),
		...Object.entries(optionsOf(command)).map(([name, option]) => `[${optionText(name, option)}]`),
	].join(" ");

/** The help text of one command. */
export function helpOf(command: Described, prefix: Prefix = "es-"): string {
	const options = Object.entries(optionsOf(command)).map(([name, option]) => [optionText(name, option), option.description] as const);
	const width = Math.max(...options.map(([text]) => text.length));
	return [
		`Usage: ${usageOf(command, prefix)}`,
		"",
		command.description,
		"",
		...options.map(([text, description]) => `  ${text.padEnd(width)}  ${description}`),
		"",
		`For example: ${typed(command.example, prefix)}`,
	].join("\n");
}

/** Parses the words of a command. Throws a UsageError that names the mistake. */
export function parsed(command: Described, words: readonly string[]): Given {
	const known = optionsOf(command);
	const { tokens } = parseArgs({
		args: [...words],
		strict: false,
		allowPositionals: true,
		tokens: true,
		options: Object.fromEntries(
			Object.entries(known).map(([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" }]),
		),
	});
	const args: string[] = [];
	const options: Record<string, string> = {};
	const flags = new Set<string>();
	for (const token of tokens) {
		if (token.kind === "positional") args.push(token.value);
		if (token.kind !== "option") continue;
		const option = known[token.name];
		if (!option) throw new UsageError(`there is no option ${token.rawName}; there are ${Object.keys(known).map(dashed).join(", ")}`);
		if (option.value === undefined && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
		if (option.value === undefined) flags.add(token.name);
		else if (token.value === undefined || token.value.startsWith("--")) throw new UsageError(`${token.rawName} needs <${option.value}>`);
		else options[token.name] = token.value;
	}
	const missing = command.args.find(({ optional }, i) => !optional && args[i] === undefined);
	if (missing) throw new UsageError(`${argumentText(missing)} is missing`);
	if (args.length > command.args.length && !command.args.at(-1)?.many)
		throw new UsageError(`"${args[command.args.length]}" is one word too many`);
	return { args, options, flags };
}
const dashed = (name: string): string => `--${name}`;

/** Parses a whole number that is at least `min`. */
export function whole(what: string, text: string, min: number): number {
	const value = Number(text);
	if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
	throw new UsageError(`${what} is "${text}": it has to be a whole number from ${min} on`);
}

/** Returns the name if it exists, and otherwise throws a UsageError. */
export function named(what: string, name: string, there: readonly string[]): string {
	if (there.includes(name)) return name;
	throw new UsageError(`there is no ${what} "${name}"; ${there.length > 0 ? `there are ${there.join(", ")}` : "there is none here"}`);
}
