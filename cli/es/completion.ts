/** Completion - tab completion of operator commands: their options, and the names that exist now. */
import { type Argument, type Command, type Option, optionsOf } from "./command.ts";
import { commandNamed } from "./commands.ts";
import { type Catalogue, catalogueOf, type System } from "./system.ts";

/** Completions and the text they complete, in readline's format; null if the line is not an operator command. */
export async function completed(line: string, system: System): Promise<readonly [string[], string] | null> {
	const [name = "", ...words] = line.split(/ +/);
	const command = commandNamed(name);
	if (!command || words.length === 0) return null;
	const last = words.at(-1) ?? "";
	const catalogue = await catalogueOf(system);
	const offers = offersOf(command, words.slice(0, -1), last, catalogue);
	return [offers.filter((offer) => offer.startsWith(last)).map((offer) => (offer.endsWith(",") ? offer : `${offer} `)), last];
}

function offersOf(command: Command, before: readonly string[], last: string, catalogue: Catalogue): readonly string[] {
	const options = optionsOf(command);
	const [open] = before.slice(-1).map((word) => optionOf(options, word));
	if (open?.value !== undefined) return listed(last, namesFor(open, catalogue));
	if (last.startsWith("-")) return Object.keys(options).flatMap((name) => (before.includes(`--${name}`) ? [] : [`--${name}`]));
	const given = before.filter((word, i) => !word.startsWith("-") && optionOf(options, before[i - 1])?.value === undefined);
	const argument = command.args[given.length] ?? command.args.filter(({ many }) => many).at(-1);
	return argument ? namesFor(argument, catalogue) : [];
}
const optionOf = (options: Readonly<Record<string, Option>>, word = ""): Option | undefined =>
	word.startsWith("--") ? options[word.slice(2)] : undefined;
const namesFor = ({ of }: Pick<Argument, "of">, catalogue: Catalogue): readonly string[] =>
	of === undefined ? [] : typeof of === "string" ? catalogue[of] : of;

/** Completes the last name of a comma-separated list. */
function listed(last: string, names: readonly string[]): string[] {
	const stem = last.slice(0, last.lastIndexOf(",") + 1);
	const taken = stem.split(",");
	return names.filter((name) => !taken.includes(name)).map((name) => `${stem}${name}`);
}
