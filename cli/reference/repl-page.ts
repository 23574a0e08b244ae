/** Repl - the commands of those who run the system, in the REPL and on the command line: made from the very definitions they run by. */
import { argumentText, type Described, optionsOf, optionText, typed, usageOf } from "../es/command.ts";
import { all, offline } from "../es/commands.ts";
import { code, link, page, sentence, table } from "./markdown.ts";

const INTRODUCTION = `\`npm run repl\` starts the system with a prompt (Moleculer's REPL, with its own commands besides), \`npm run repl -- --beside\` looks on at one that
runs on the same \`DATA_DIR\` or, with \`NATS_URL\`, at a cluster, as a node without services. The same commands without a prompt are
\`npm run es -- <command>\`, without \`es-\` before them: \`npm run es -- verify\`. With \`--json\` an answer is JSON on stdout and nothing else (of \`es-tail\` a line each fact, of \`es-history\` a line each hundred decisions). A command ends with 0,
with 1 where it found something or what was asked for did not come about, and with 2 where it was not given as it has to be. Lines piped into the
REPL are carried out one after the other, and the end of the input ends it. Characters of stored text that would command a terminal are shown as \`\\u001b\`.`;

export const replPage = (): string =>
	page(
		"Commands of operators",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["command", ""],
			all.map(({ name, description }) => [link(name), sentence(description)]),
		),
		...all.map(commandText),
	);

function commandText(command: Described): string {
	const { name, description, example, args } = command;
	const words = args.map((argument) => [code(argumentText(argument)), namesText(argument.of)]).filter(([, names]) => names !== "");
	const options = Object.entries(optionsOf(command)).map(([option, one]) => [code(optionText(option, one)), one.description]);
	const alone = offline.some((one) => one.name === name);
	return [
		`## ${name}`,
		`${sentence(description)}${alone ? " On the command line alone." : ""}`,
		`\`\`\`\n${usageOf(command, alone ? "npm run es -- " : "es-")}\n\`\`\``,
		table(["argument or option", ""], [...words, ...options]),
		`For example: ${code(alone ? typed(example, "npm run es -- ") : example)}`,
	].join("\n\n");
}
/** What an argument may be, where there is a choice. */
const namesText = (of: Described["args"][number]["of"]): string =>
	of === undefined
		? ""
		: typeof of === "string"
			? `one of the ${of.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`
			: of.map(code).join(", ");
