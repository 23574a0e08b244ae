/**
 * npm run repl - the system in this process on its settings, with Moleculer's REPL in it and the operator's commands beside the
 * built-in ones; with --beside it looks on at a system that runs already, on the same folder or as a cluster.
 */
import { parseArgs } from "node:util";
import type { ServiceBroker } from "moleculer";
import REPL from "moleculer-repl";
import { GRACE } from "../moleculer.config.ts";
import { beside } from "./beside.ts";
import { argumentText, type Command, optionsOf, optionText } from "./es/command.ts";
import { commands } from "./es/commands.ts";
import { completed } from "./es/completion.ts";
import { run } from "./es/run.ts";
import { type System, systemOf } from "./es/system.ts";
import { SettingsError } from "./settings.ts";
import { start } from "./start.ts";
import { stopOnSignals } from "./stopping.ts";

type Server = ReturnType<typeof REPL>;

/** Opens the REPL on a broker, whether it has services of its own or has only joined those who have. */
export function openRepl(broker: ServiceBroker): Server {
	const system = systemOf(broker);
	const server: Server = REPL(broker, {
		delimiter: "vigie $",
		customCommands: commands.map((command) =>
			asCustomCommand(command, (words) => interrupted((enough) => run(command, words, system, enough))),
		),
	});
	const interrupted = interruptible(server);
	completeOurs(server, system);
	return server;
}

/** In the terms of moleculer-repl; the words are read by our own rules, as on the command line. */
function asCustomCommand(command: Command, act: (words: readonly string[]) => Promise<unknown>) {
	return {
		command: [command.name, ...command.args.map(argumentText)].join(" "),
		description: `${command.description}\n e.g. ${command.example}`,
		alias: null,
		allowUnknownOptions: true,
		options: Object.entries(optionsOf(command)).map(([name, option]) => ({
			option: optionText(name, option).replace(/<(.+)>/, "[$1]"), // a value left out is told by us: commander would log it with its stack
			description: option.description,
		})),
		parse: (parsing: { params?: object; readonly parent: { readonly rawArgs: readonly string[] } }) =>
			void (parsing.params = { words: parsing.parent.rawArgs.slice(3) }), // behind "node", its script and the command
		action: (_broker: ServiceBroker, { words }: { readonly words: readonly string[] }) => act(words),
	};
}

/** While commands run, Ctrl-C ends them and not the REPL; one may be typed while another still runs. */
function interruptible(server: Server): (act: (enough: AbortSignal) => Promise<unknown>) => Promise<void> {
	const running = new Set<AbortController>();
	let others: (() => void)[] = [];
	const interrupt = (): void => running.forEach((enough) => enough.abort());
	return async (act) => {
		const enough = new AbortController();
		if (running.size === 0) {
			others = server.rawListeners("SIGINT") as (() => void)[]; // node:repl's own
			server.removeAllListeners("SIGINT").on("SIGINT", interrupt);
		}
		running.add(enough);
		try {
			await act(enough.signal);
		} finally {
			running.delete(enough);
			if (running.size === 0) server.removeAllListeners("SIGINT");
			if (running.size === 0) for (const other of others) server.on("SIGINT", other);
		}
	};
}

type Complete = (line: string, callback: (error: Error | null, offers?: readonly [string[], string]) => void) => void;
/** moleculer-repl completes its own commands and offers no way to add to that; ours come first. */
function completeOurs(server: Server, system: System): void {
	const readline = server as unknown as { completer: Complete }; // asked at every tab
	const theirs = readline.completer;
	readline.completer = (line, callback) =>
		void completed(line, system).then(
			(offers) => (offers ? callback(null, offers) : theirs(line, callback)),
			(error: Error) => callback(error),
		);
}

async function opened(looksOn: boolean) {
	if (looksOn) return { ...(await beside()), words: "Beside a running system: looks on, and does what it is told" };
	const running = await start();
	return { ...running, words: `Vigie listens on ${running.url}` };
}

async function main(): Promise<void> {
	const { broker, stop, words } = await opened(parseArgs({ options: { beside: { type: "boolean", default: false } } }).values.beside);
	console.log(words);
	openRepl(broker); // it stops the broker when it is left
	stopOnSignals(stop, GRACE);
}

if (import.meta.main)
	await main().catch((error: unknown) => {
		console.error(error instanceof SettingsError ? error.message : error);
		process.exit(1);
	});
