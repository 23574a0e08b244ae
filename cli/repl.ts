/**
 * npm run repl - the system in this process on its settings, with Moleculer's REPL in it and the operator's commands beside the
 * built-in ones; with --beside it looks on at a system that runs already, on the same folder or as a cluster.
 */
import { REPLServer } from "node:repl";
import { parseArgs } from "node:util";
import type { ServiceBroker } from "moleculer";
import REPL from "moleculer-repl";
import { GRACE } from "../moleculer.config.ts";
import { beside } from "../node/observer.ts";
import { argumentText, type Command, optionsOf, optionText } from "./es/command.ts";
import { commandNamed, commands } from "./es/commands.ts";
import { completed } from "./es/completion.ts";
import { run } from "./es/run.ts";
import { type System, systemOf } from "./es/system.ts";
import { complaintOf } from "../node/failure.ts";
import { guardOutput, tell } from "./common/output.ts";
import { start } from "../node/start.ts";
import { stopOnSignals } from "../node/stopping.ts";

type Server = ReturnType<typeof REPL>;

const USAGE = `Usage: npm run repl [-- --beside]

Starts the system on its settings with a prompt: Moleculer's commands and the es- commands of operators ("help" lists them). Lines from a
pipe are carried out one after the other, and the end of the input ends it.

  --beside  looks on at a system that runs already, on the same DATA_DIR or, with NATS_URL, as a cluster`;

/** Opens the REPL on a broker, whether it has services of its own or has only joined those who have. */
export function openRepl(broker: ServiceBroker): Server {
	const system = systemOf(broker);
	const stop = broker.stop.bind(broker);
	let stopping: Promise<void> | undefined;
	broker.stop = () => (stopping ??= stop()); // "quit", the end of the input and a signal each stop it
	if (!process.stdin.isTTY) REPLServer.prototype.setupHistory = () => undefined; // lines from a pipe are none, and moleculer-repl does not ask
	const server: Server = REPL(broker, {
		delimiter: "vigie $",
		customCommands: commands.map((command) =>
			asCustomCommand(command, (words) => interruptible((enough) => run(command, words, system, enough))),
		),
	});
	const { interruptible, interrupt } = interruptions(server);
	completeOurs(server, system);
	const carriedOut = process.stdin.isTTY ? async () => interrupt() : asScript(server);
	server.removeAllListeners("exit").on("exit", () => void leave(broker, carriedOut));
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
function interruptions(server: Server) {
	const running = new Set<AbortController>();
	let others: (() => void)[] = [];
	const interrupt = (): void => running.forEach((enough) => enough.abort());
	const interruptible = async (act: (enough: AbortSignal) => Promise<unknown>): Promise<void> => {
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
	return { interruptible, interrupt };
}

type Evaluate = (line: string, context: object, file: string, callback: (...answer: readonly unknown[]) => void) => void;
/** Each line waits for the one before it, unless that shows what happens from then on; resolves once all that was read is carried out. */
function asScript(server: Server): () => Promise<unknown> {
	const repl = server as unknown as { eval: Evaluate }; // asked for every line
	const evaluate = repl.eval;
	const all: Promise<void>[] = [];
	let before: Promise<void> = Promise.resolve();
	repl.eval = (line, context, file, callback) => {
		const done = before.then(
			() =>
				new Promise<void>((resolve) => {
					evaluate.call(server, line, context, file, (...answer) => resolve(callback(...answer)));
				}),
		);
		all.push(done);
		if (!commandNamed(line.trim().split(" ")[0] ?? "")?.endless) before = done;
	};
	return () => Promise.all(all);
}
async function leave(broker: ServiceBroker, carriedOut: () => Promise<unknown>): Promise<void> {
	await carriedOut();
	await broker.stop();
	process.exit(0);
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
	guardOutput();
	const flag = { type: "boolean", default: false } as const;
	const { beside: looksOn, help } = parseArgs({ options: { beside: flag, help: { ...flag, short: "h" } } }).values;
	if (help) return tell(USAGE);
	const { broker, stop, words } = await opened(looksOn);
	stopOnSignals(stop, GRACE);
	tell(words);
	openRepl(broker);
}

if (import.meta.main)
	await main().catch((error: unknown) => {
		console.error(complaintOf(error));
		process.exit(1);
	});
