/** npm run es -- <command> - runs one operator command against the running system and ends. */
import { beside } from "../node/observer.ts";
import { helpOf } from "./es/command.ts";
import { all, anyNamed } from "./es/commands.ts";
import { carriedOut, type ExitCode, failureText, run } from "./es/run.ts";
import { systemOf } from "./es/system.ts";
import { guardOutput, tell, warn } from "./common/output.ts";
import { SettingsError } from "../node/settings.ts";
import { onStop } from "../node/stopping.ts";
import { red } from "./common/terminal.ts";

const PREFIX = "npm run es -- ";
const HELP = ["help", "--help", "-h"];

/** Lists every command with its description. */
function overview(): string {
	const width = Math.max(...all.map(({ name }) => name.length));
	const lines = all.map(({ name, description }) => `  ${name.slice("es-".length).padEnd(width)}${description}`);
	return ["Usage: npm run es -- <command> ...", "", ...lines, "", "More about one: npm run es -- <command> --help"].join("\n");
}

async function main([name, ...words]: readonly string[]): Promise<ExitCode> {
	if (name === undefined || HELP.includes(name)) return told(name === undefined ? 2 : 0, overview());
	const command = anyNamed(name);
	if (!command) return told(2, `there is no command "${name}"\n\n${overview()}`);
	if (words.some((word) => HELP.slice(1).includes(word))) return told(0, helpOf(command, PREFIX));
	const enough = new AbortController();
	const end = (): void => enough.abort();
	onStop(end);
	guardOutput({ log: process.stderr, unread: end });
	if (!("needs" in command)) return carriedOut(command, words, enough.signal, PREFIX, (given, out) => command.run(given, out));
	const { broker, stop } = await beside();
	return run(command, words, systemOf(broker), enough.signal, PREFIX).finally(stop);
}
function told(code: ExitCode, text: string): ExitCode {
	(code === 0 ? tell : warn)(text);
	return code;
}

process.exit(
	await main(process.argv.slice(2)).catch((error: unknown) => {
		warn(red(error instanceof SettingsError ? error.message : failureText(error)));
		return 1;
	}),
);
