/**
 * npm run repl - runs the system in this process with Moleculer's REPL and the operator commands beside the built-in ones; with --beside it
 * connects to a running system, on the same folder or in a cluster.
 */
import { REPLServer } from "node:repl";
import { parseArgs } from "node:util";
import type { CallingOptions, ServiceBroker } from "moleculer";
import REPL from "moleculer-repl";
import { GRACE } from "../moleculer.config.ts";
import { callingAs } from "../mixins/access/access.ts";
import { beside } from "../node/observer.ts";
import { argumentText, type Command, optionsOf, optionText } from "./es/command.ts";
import { commandNamed, commands } from "./es/commands.ts";
import { completed } from "./es/completion.ts";
import { OPERATOR } from "./es/operator.ts";
import { run } from "./es/run.ts";
import { type System, systemOf } from "./es/system.ts";
import { complaintOf } from "../node/failure.ts";
import { guardOutput, tell } from "./common/output.ts";
import { start } from "../node/start.ts";
import { stopOnSignals } from "../node/stopping.ts";

type Server = ReturnType<typeof REPL>;

const USAGE = `Usage: npm run repl [-- --beside]

Starts the system with a prompt: Moleculer's commands and the es- commands of operators ("help" lists them). Lines from a
pipe run one after the other, and the end of the input ends it.

  --beside  connects to a running system, on the same DATA_DIR or, with NATS_URL, in a cluster`;

/** Opens the REPL on a broker, with or without services of its own. */
export function openRepl(broker: ServiceBroker): Server {
	const system = systemOf(broker);
	const stop = broker.stop.bind(broker);
	let stopping: Promise<void> | undefined;
	broker.stop = () => (stopping ??= stop()); // "quit", the end of the input and a signal each call it
	if (!process.stdin.isTTY) REPLServer.prototype.setupHistory = () => undefined; // piped lines have no history, but moleculer-repl does not check that
	const server: Server = REPL(asOperator(broker), {
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

/** The broker, whose calls are made as the person at this terminal. */
const asOperator = (broker: ServiceBroker): ServiceBroker =>
	Object.create(broker, {
		call: {
			value: (action: string, params: object, options: CallingOptions = {}) =>
				broker.call(action, params, { ...callingAs(broker, OPERATOR), ...options }),
		},
	}) as ServiceBroker; // what it inherits

/** A command in the format of moleculer-repl. Our own parser reads the words, as on the command line. */
function asCustomCommand(command: Command, act: (words: readonly string[]) => Promise<unknown>) {
	return {
		command: [command.name, ...command.args.map(argumentText)].join(" "),
		description: `${command.description}\n e.g. ${command.example}`,
		alias: null,
		allowUnknownOptions: true,
		options: Object.entries(optionsOf(command)).map(([name, option]) => ({
			option: optionText(name, option).replace(/<(.+)>/, "[$1]"), // optional here, so that our parser reports a missing value; commander would log it with a stack
			description: option.description,
		})),
		parse: (parsing: { params?: object; readonly parent: { readonly rawArgs: readonly string[] } }) =>
			void (parsing.params = { words: parsing.parent.rawArgs.slice(3) }), // after "node", its script and the command
		action: (_broker: ServiceBroker, { words }: { readonly words: readonly string[] }) => act(words),
	};
}

/** While commands run, Ctrl-C ends them and not the REPL. Another command may be typed meanwhile. */
function interruptions(server: Server) {
	const running = new Set<AbortController>();
	let others: (() => void)[] = [];
	const interrupt = (): void => running.forEach((enough) => enough.abort());
	const interruptible = async (act: (enough: AbortSignal) => Promise<unknown>): Promise<void> => {
		const enough = new AbortController();
		if (running.size === 0) {
			others = server.rawListeners("SIGINT") as (() => void)[]; // the listeners of node:repl
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
/** Each line waits for the previous one, unless that is endless. The returned function resolves once all lines have run. */
function asScript(server: Server): () => Promise<unknown> {
	const repl = server as unknown as { eval: Evaluate }; // called for every line
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
/** moleculer-repl completes its own commands and cannot be extended; operator commands come first. */
function completeOurs(server: Server, system: System): void {
	const readline = server as unknown as { completer: Complete }; // called at every tab
	const theirs = readline.completer;
	readline.completer = (line, callback) =>
		void completed(line, system).then(
			(offers) => (offers ? callback(null, offers) : theirs(line, callback)),
			(error: Error) => callback(error),
		);
}

async function opened(looksOn: boolean) {
	if (looksOn) return { ...(await beside()), words: "Connected to a running system" };
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
