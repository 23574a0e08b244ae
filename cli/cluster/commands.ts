/** Commands - what can be done to a running cluster, from the keyboard or from a script. */
import { setTimeout as pause } from "node:timers/promises";
import { type Line, table } from "../common/terminal.ts";
import { type Cluster, ClusterError } from "./cluster.ts";
import { ownersOf } from "./owners.ts";

interface Command {
	readonly args?: string;
	readonly means: string;
	/** What is to be told, if anything. */
	run(cluster: Cluster, word: string | undefined): string | void | Promise<string | void>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
	help: { means: "these commands", run: () => helpText() },
	status: { means: "every node: its state, its process, its address", run: (cluster) => table(statusOf(cluster)) },
	owners: {
		means: "which node decides what is in which partitions, and which follows the logs for what",
		run: ({ broker }) => table(ownersOf(broker)),
	},
	kill: {
		args: "<node>",
		means: "ends it at once, as a power cut (SIGKILL)",
		run: async (cluster, name) => {
			await cluster.running(name, "up", "paused").kill();
			return `${name} is dead; the others miss it within seconds`;
		},
	},
	pause: {
		args: "<node>",
		means: "holds it (SIGSTOP) until `resume`; the others take it for dead",
		run: (cluster, name) => {
			cluster.running(name, "up").pause();
			return `${name} is held; the others miss it within seconds`;
		},
	},
	resume: {
		args: "<node>",
		means: "lets it go on, as if nothing had been",
		run: (cluster, name) => {
			cluster.running(name, "paused").resume();
			return `${name} goes on`;
		},
	},
	leave: {
		args: "<node>",
		means: "ends it with what is under way finished (SIGTERM)",
		run: async (cluster, name) =>
			(await cluster.running(name, "up", "paused").leave()) ? `${name} has left` : `${name} did not leave in time and was killed`,
	},
	join: {
		args: "<node|role>",
		means: "starts a node that is gone once more, or one more of a role",
		run: async (cluster, name = "") => {
			const { name: joined, url } = await cluster.join(name);
			return `${joined} has joined${url && `: ${url}`}`;
		},
	},
	wait: {
		args: "[seconds]",
		means: "waits, or, without a number, until it is seen who is there and who is not",
		run: (cluster, seconds) => (seconds === undefined ? cluster.settled() : pause(secondsOf(seconds))),
	},
	quit: { means: "stops every node gently, and ends; Ctrl-C does the same", run: () => undefined },
};

/** Carries one line out; true when it was the last. Throws ClusterError for what cannot be. */
export async function carryOut(line: string, cluster: Cluster, tell: (text: string) => void): Promise<boolean> {
	const [name = "", ...words] = line.replace(/#.*/, "").trim().split(/\s+/);
	if (name === "") return false;
	const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
	if (!command) throw new ClusterError(`there is no command ${name}; there are ${Object.keys(COMMANDS).join(", ")}`);
	const { args = "" } = command;
	if (words.length > (args ? 1 : 0) || (args.startsWith("<") && words.length === 0))
		throw new ClusterError(`it has to be: ${usage([name, command])}`);
	const told = await command.run(cluster, words[0]);
	if (told) tell(told);
	return name === "quit";
}

const usage = ([name, { args }]: readonly [string, Command]): string => (args ? `${name} ${args}` : name);
function helpText(): string {
	const width = Math.max(...Object.entries(COMMANDS).map((one) => usage(one).length));
	return Object.entries(COMMANDS)
		.map((one) => `  ${usage(one).padEnd(width)}  ${one[1].means}`)
		.join("\n");
}

const statusOf = ({ members }: Cluster): Line[] =>
	[...members.values()].map(({ name, state, pid, url }): Line => [
		name,
		state,
		[pid === undefined ? "" : `pid ${pid}`, url].filter(Boolean).join("  "),
	]);

const MOST_SECONDS = 3600;
function secondsOf(text: string): number {
	const seconds = Number(text);
	if (!(seconds >= 0 && seconds <= MOST_SECONDS)) throw new ClusterError(`"${text}" has to be seconds, 0 to ${MOST_SECONDS}`);
	return seconds * 1000;
}
