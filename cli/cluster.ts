/**
 * npm run cluster [-- --script FILE] [--nodes ROLE=NUMBER,...] - runs the whole cluster on one machine without containers, each node in its
 * own process. Commands from the keyboard or a script make nodes join, leave and die.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { keepClusterKey, removeClusterKey } from "../node/cluster-key-file.ts";
import { LOG_FILE } from "../node/stores.ts";
import { Cluster, ClusterError } from "./cluster/cluster.ts";
import { newClusterKey } from "../mixins/nats/cluster-keys.ts";
import { carryOut } from "./cluster/commands.ts";
import { type Nats, startNats } from "./cluster/nats.ts";
import { ownersOf } from "./cluster/owners.ts";
import { Prompt } from "./cluster/prompt.ts";
import { servicesByRole } from "../node/services.ts";
import { NODES, nodesOf } from "./cluster/roles.ts";
import { placeOf } from "../node/settings/nats-access.ts";
import { guardOutput, tell, warn } from "./common/output.ts";
import { type Settings, SettingsError, settingsOf } from "../node/settings.ts";
import { onStop } from "../node/stopping.ts";
import { dim, oneLine, red, table } from "./common/terminal.ts";

/** Partitions of a new SQLite log, so that both command nodes have work. */
const PARTITIONS = "4";
const FAILED = 1;
const USAGE = `Usage: npm run cluster [-- --script FILE] [--nodes ROLE=NUMBER,...]

--nodes   number of nodes of each role, by default ${NODES}
--script  a file with one command per line instead of the keyboard; the cluster stops at its end
NATS_URL and MONGO_URL give their addresses; without them, it starts a nats-server and stores everything in DATA_DIR. Without
CLUSTER_KEY it makes one, and keeps it in DATA_DIR/cluster.key while it runs, for npm run es and npm run repl -- --beside.
"help" in the running cluster lists the commands.`;

const prompt = new Prompt();
let nats: Nats | undefined;
let cluster: Cluster | undefined;
let ending: Promise<never> | undefined;

async function main(): Promise<void> {
	const { script, nodes, help } = parseArgs({
		options: { script: { type: "string" }, nodes: { type: "string", default: NODES }, help: { type: "boolean", short: "h" } },
	}).values;
	if (help) return tell(USAGE);
	const lines = script === undefined ? null : (await readFile(script, "utf8")).split("\n");
	const { CLUSTER_KEY, CLUSTER_KEY_FILE } = process.env;
	const made = CLUSTER_KEY || CLUSTER_KEY_FILE ? undefined : newClusterKey();
	const env = { ...process.env, ...(made === undefined ? {} : { CLUSTER_KEY: made }) };
	const settings = await settingsOf({ ...env, SERVICES: "", NODE_ID: "" });
	const roles = await servicesByRole();
	nodesOf(nodes, roles); // throws before any node starts
	if (made !== undefined) keepKey(settings, made);
	if (settings.natsUrl === undefined) nats = await startNats(prompt.say);
	const natsUrl = settings.natsUrl ?? nats?.url ?? "";
	prompt.tell(`NATS     ${placeOf(natsUrl)}\nstorage  ${storageText(settings)}`);
	cluster = new Cluster({ settings, env: { ...env, ...partitionsFor(settings) }, natsUrl, roles, say: prompt.say });
	await cluster.start(nodes);
	prompt.tell(`${table(ownersOf(cluster.broker))}\n`);
	await (lines ? follow(lines, cluster) : take(cluster));
}

/** Keeps the key in the data folder, where operator commands find it. */
function keepKey({ dataDir }: Settings, key: string): void {
	keepClusterKey(dataDir, key);
	process.once("exit", () => removeClusterKey(dataDir, key));
}
function storageText({ mongoUrl, dataDir }: Settings): string {
	const near = relative("", dataDir);
	if (mongoUrl === undefined)
		return `SQLite in ${near.startsWith("..") ? dataDir : `./${near}`}, shared by all nodes; with MONGO_URL, a MongoDB`;
	return `MongoDB at ${placeOf(mongoUrl)}`;
}
const partitionsFor = ({ mongoUrl, partitions, dataDir }: Settings): NodeJS.ProcessEnv =>
	mongoUrl === undefined && partitions === undefined && !existsSync(join(dataDir, LOG_FILE)) ? { PARTITIONS } : {};

/** Stops the cluster at the end of the script, or when a command fails. */
async function follow(lines: readonly string[], running: Cluster): Promise<void> {
	for (const line of lines) {
		if (line.trim() !== "") prompt.tell(dim(`> ${line.trim()}`));
		if (await carryOut(line, running, prompt.tell)) break;
	}
	await end(0);
}

function take(running: Cluster): void {
	prompt.tell(dim("help lists the commands, Ctrl-C stops all"));
	const carry = async (line: string): Promise<void> => {
		try {
			if (await carryOut(line, running, prompt.tell)) await end(0);
		} catch (error) {
			prompt.tell(red(error instanceof ClusterError ? error.message : String(error)));
		}
	};
	prompt.listen(carry, interrupted, () => void end(0));
}

/** Stops every node gracefully, then NATS; runs only once. */
function end(code: number): Promise<never> {
	ending ??= Promise.resolve()
		.then(stopAll) // deferred until `ending` is set, because closing the prompt calls `end` again
		.then(
			(gently) => process.exit(gently ? code : FAILED),
			(error: unknown) => {
				warn(red(oneLine(error)));
				process.exit(FAILED);
			},
		);
	return ending;
}
async function stopAll(): Promise<boolean> {
	prompt.close();
	if (cluster) prompt.tell("stopping");
	const gently = (await cluster?.stop()) ?? true;
	await nats?.stop();
	return gently;
}

function interrupted(): void {
	if (ending) process.exit(FAILED); // the nodes lose their channel to this process and stop by themselves
	void end(0);
}

guardOutput();
onStop(interrupted, interrupted);
await main().catch((error: unknown) => {
	if (ending) return; // an interrupted start reports nothing
	warn(error instanceof SettingsError || error instanceof ClusterError ? red(error.message) : red(oneLine(error)));
	return end(FAILED);
});
