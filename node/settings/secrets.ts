/**
 * Secrets - reads secret settings from files: `<NAME>_FILE` names a file with the value of the setting, as container platforms mount
 * secrets. The environment of a process is visible to more tools than a file (docs/decisions/0046-secrets-from-files.md).
 */
import { readFileSync, statSync } from "node:fs";
import { ENVIRONMENT } from "./environment.ts";

/** All settings that are, or can contain, a secret. */
export const SECRETS: readonly string[] = Object.entries(ENVIRONMENT).flatMap(([name, one]) => ("secret" in one ? [name] : []));
export const fileSettingOf = (name: string): string => `${name}_FILE`;

/** Largest file of a secret in bytes: a wrong path may lead to a file of any size. */
const LARGEST = 65_536;

/**
 * The environment with the values from the files, and without the names of the files. Adds one line per problem; a line has neither the value
 * nor the name of the file, since that may be a secret in the wrong setting.
 */
export function withSecrets(env: NodeJS.ProcessEnv, complaints: string[]): NodeJS.ProcessEnv {
	const values = { ...env };
	for (const name of SECRETS) {
		const setting = fileSettingOf(name);
		const file = env[setting];
		values[setting] = undefined;
		if (!file) continue;
		if (env[name]) complaints.push(`${name} and ${setting} are both set: use one of them`);
		else values[name] = valueIn(file, (problem) => complaints.push(`${setting}: ${problem}`));
	}
	return values;
}

/** The content of a file without a line break at its end; undefined after a problem. */
function valueIn(file: string, complain: (problem: string) => void): string | undefined {
	try {
		const found = statSync(file);
		if (!found.isFile()) return void complain("it does not name a file");
		if (found.size > LARGEST) return void complain(`the file is larger than ${LARGEST} bytes`);
		const value = readFileSync(file, "utf8").replace(/\r?\n$/, "");
		return value.trim() === "" ? void complain("the file is empty") : value;
	} catch (error) {
		return void complain(`the file cannot be read (${codeOf(error)})`);
	}
}

const codeOf = (error: unknown): string => (typeof error === "object" && error && "code" in error ? String(error.code) : "unknown");
