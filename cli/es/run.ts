/** Run - one command line from its words to its exit code; whatever goes wrong is one clear line on stderr. */
import { warn } from "../output.ts";
import { oneLine, red } from "../terminal.ts";
import { type Command, parsed, type Prefix, UsageError, usageOf, type Verdict } from "./command.ts";
import { outOf } from "./out.ts";
import { offered, type System } from "./system.ts";

/** 0: all is well; 1: something was found, or it failed; 2: wrong usage. */
export type ExitCode = Verdict | 2;

export async function run(
	command: Command,
	words: readonly string[],
	system: System,
	enough: AbortSignal,
	prefix: Prefix = "es-",
): Promise<ExitCode> {
	try {
		const given = parsed(command, words);
		await offered(system, command.needs);
		return await command.run(given, system, outOf(given.flags.has("json"), enough));
	} catch (error) {
		warn(red(failureText(error)));
		if (!(error instanceof UsageError)) return 1;
		warn(`Usage: ${usageOf(command, prefix)}`);
		return 2;
	}
}

/** `RADAR_UNKNOWN: There is no radar A6-1`; the code is what a script can test for. */
export function failureText(error: unknown): string {
	if (error instanceof UsageError) return oneLine(error);
	if (typeof error !== "object" || error === null) return `FAILED: ${oneLine(error)}`;
	const { type, code, data } = error as { readonly type?: unknown; readonly code?: unknown; readonly data?: unknown }; // Moleculer's own fields
	const name = [type, code].find((one) => typeof one === "string" && one !== "") ?? "FAILED";
	return [`${oneLine(name)}: ${oneLine(error)}`, ...complaintsOf(data)].join("; ");
}

/** Field by field, where the answer says so. */
function complaintsOf(data: unknown): string[] {
	if (!Array.isArray(data)) return [];
	return data.map(({ field, message, expected }: { field?: string; message?: string; expected?: unknown }) =>
		oneLine(`${field} ${message}${typeof expected === "string" ? ` (${expected})` : ""}`),
	);
}
