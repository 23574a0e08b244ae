/** Run - runs one command line from its words to its exit code; every error becomes one clear line on stderr. */
import { warn } from "../common/output.ts";
import { oneLine, red } from "../common/terminal.ts";
import { SettingsError } from "../../node/settings.ts";
import { type Command, type Described, type Given, parsed, type Prefix, UsageError, usageOf, type Verdict } from "./command.ts";
import { type Out, outOf } from "./out.ts";
import { offered, type System } from "./system.ts";

/** 0: success; 1: the command found something or failed; 2: wrong usage. */
export type ExitCode = Verdict | 2;

export const run = (
	command: Command,
	words: readonly string[],
	system: System,
	enough: AbortSignal,
	prefix: Prefix = "es-",
): Promise<ExitCode> =>
	carriedOut(command, words, enough, prefix, async (given, out) => {
		await offered(system, command.needs);
		return command.run(given, system, out);
	});

/** `act`: runs the parsed command. */
export async function carriedOut(
	command: Described,
	words: readonly string[],
	enough: AbortSignal,
	prefix: Prefix,
	act: (given: Given, out: Out) => Promise<Verdict>,
): Promise<ExitCode> {
	try {
		const given = parsed(command, words);
		return await act(given, outOf(given.flags.has("json"), enough));
	} catch (error) {
		if (error instanceof SettingsError) return (warn(red(error.message)), 1);
		warn(red(failureText(error)));
		if (!(error instanceof UsageError)) return 1;
		warn(`Usage: ${usageOf(command, prefix)}`);
		return 2;
	}
}

/** `RADAR_UNKNOWN: There is no radar A6-1`; scripts can test for the code. */
export function failureText(error: unknown): string {
	if (error instanceof UsageError) return oneLine(error);
	if (typeof error !== "object" || error === null) return `FAILED: ${oneLine(error)}`;
	const { type, code, data } = error as { readonly type?: unknown; readonly code?: unknown; readonly data?: unknown }; // Moleculer's own fields
	const name = [type, code].find((one) => typeof one === "string" && one !== "") ?? "FAILED";
	return [`${oneLine(name)}: ${oneLine(error)}`, ...complaintsOf(data)].join("; ");
}

/** The errors of single fields, if the error lists them. */
function complaintsOf(data: unknown): string[] {
	if (!Array.isArray(data)) return [];
	return data.map(({ field, message, expected }: { field?: string; message?: string; expected?: unknown }) =>
		oneLine(`${field} ${message}${typeof expected === "string" ? ` (${expected})` : ""}`),
	);
}
