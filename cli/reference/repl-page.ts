/** Repl - the page of operator commands in the REPL and on the command line, made from the definitions that run. */
import { argumentText, type Described, optionsOf, optionText, typed, usageOf } from "../es/command.ts";
import { all, offline } from "../es/commands.ts";
import { code, link, page, sentence, table } from "./markdown.ts";

const INTRODUCTION = `\`npm run repl\` starts the system with a prompt (Moleculer's REPL with additional commands). \`npm run repl -- --beside\` connects to a system that
runs on the same \`DATA_DIR\` or, with \`NATS_URL\`, to a cluster, as a node without services. \`npm run es -- <command>\` runs the same commands without a prompt and
without \`es-\` in their names: \`npm run es -- verify\`. With \`--json\`, stdout has only JSON (for \`es-tail\` one line per fact, for \`es-history\` one line per hundred decisions). The exit code is 0 for success,
1 if the command found something or did not succeed, and 2 for wrong usage. Lines piped into the
REPL run one after the other, and the end of the input ends it. Characters of stored text that control a terminal are shown as \`\\u001b\`.`;

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
		`${sentence(description)}${alone ? " Only on the command line." : ""}`,
		`\`\`\`\n${usageOf(command, alone ? "npm run es -- " : "es-")}\n\`\`\``,
		table(["argument or option", ""], [...words, ...options]),
		`For example: ${code(alone ? typed(example, "npm run es -- ") : example)}`,
	].join("\n\n");
}
/** The allowed values of an argument, if they are limited. */
const namesText = (of: Described["args"][number]["of"]): string =>
	of === undefined
		? ""
		: typeof of === "string"
			? `one of the ${of.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`
			: of.map(code).join(", ");
