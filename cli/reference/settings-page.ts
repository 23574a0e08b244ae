/** Settings - the page of all environment variables that the system reads, with their defaults. */
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { fileSettingOf, SECRETS } from "../../node/settings/secrets.ts";
import { code, page, sentence, table } from "./markdown.ts";

const INTRODUCTION = `All settings that differ between installations come from the environment. An empty variable counts as not set; an invalid one
stops the start, with one clear line for each. A setting with a secret can also come from a file, in the setting of the same name with \`_FILE\`
at its end: the value is the content of the file, without a line break at its end.`;

export const settingsPage = (): string =>
	page(
		"Settings",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["name", "default", "meaning"],
			Object.entries(ENVIRONMENT).map(([name, one]) => [code(name), unsetText(one), `${sentence(one.means)}${fileText(name)}`]),
		),
	);

const fileText = (name: string): string => (SECRETS.includes(name) ? ` Also in a file: ${code(fileSettingOf(name))}.` : "");
/** The value that is used if the variable is not set. */
const unsetText = (one: { readonly default?: string; readonly unset?: string }): string =>
	one.default === undefined ? (one.unset ?? "") : code(one.default);
