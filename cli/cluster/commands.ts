/** Commands - the commands for a running cluster, from the keyboard or from a script. */
import { setTimeout as pause } from "node:timers/promises";
import { type Line, table } from "../common/terminal.ts";
import { type Cluster, ClusterError } from "./cluster.ts";
import { ownersOf } from "./owners.ts";

interface Command {
	readonly args?: string;
	readonly means: string;
	/** Returns the text to show, if any. */
	run(cluster: Cluster, word: string | undefined): string | void | Promise<string | void>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
	help: { means: "lists the commands", run: () => helpText() },
	status: { means: "shows state, process and address of every node", run: (cluster) => table(statusOf(cluster)) },
	owners: {
		means: "shows which node owns which partitions, and which one follows the logs for each service",
		run: ({ broker }) => table(ownersOf(broker)),
	},
	kill: {
		args: "<node>",
		means: "ends it at once, like a power failure (SIGKILL)",
		run: async (cluster, name) => {
			await cluster.running(name, "up", "paused").kill();
			return `${name} is dead; the others miss it within seconds`;
		},
	},
	pause: {
		args: "<node>",
		means: "freezes it (SIGSTOP) until `resume`; the others consider it dead",
		run: (cluster, name) => {
			cluster.running(name, "up").pause();
			return `${name} is held; the others miss it within seconds`;
		},
	},
	resume: {
		args: "<node>",
		means: "lets a paused node continue (SIGCONT)",
		run: (cluster, name) => {
			cluster.running(name, "paused").resume();
			return `${name} goes on`;
		},
	},
	leave: {
		args: "<node>",
		means: "stops it gracefully, after its work in progress (SIGTERM)",
		run: async (cluster, name) =>
			(await cluster.running(name, "up", "paused").leave()) ? `${name} has left` : `${name} did not leave in time and was killed`,
	},
	join: {
		args: "<node|role>",
		means: "restarts a node that is gone, or adds one to a role",
		run: async (cluster, name = "") => {
			const { name: joined, url } = await cluster.join(name);
			return `${joined} has joined${url && `: ${url}`}`;
		},
	},
	wait: {
		args: "[seconds]",
		means: "waits that long, or without a number until every node is seen in its actual state",
		run: (cluster, seconds) => (seconds === undefined ? cluster.settled() : pause(secondsOf(seconds))),
	},
	quit: { means: "stops every node gracefully and ends, like Ctrl-C", run: () => undefined },
};

/** Runs one line; true if it was the last. Throws ClusterError if it cannot be carried out. */
export async function carryOut(line: string, cluster: Cluster, tell: (text: string) => void): Promise<boolean> {
	const [name = "", ...words] = line.replace(/#.*/, "").trim().split(/\s+/);
	if (name === "") return false;
	const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
	if (!command) throw new ClusterError(`there is no command ${name}; there are ${Object.keys(COMMANDS).join(", ")}`);
	const { args = "" } = command;
	if (words.length > (args ? 1 : 0) || (args.startsWith("<") && words.length === 0))
		throw new ClusterError(`usage: ${usage([name, command])}`);
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
