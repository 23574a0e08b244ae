/**
 * Cluster - the product as several processes of cli/start.ts, each with some services, on one nats-server and one MongoDB. Nodes can be
 * killed, paused, stopped and added one by one. All processes end with the test process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { bound, killed } from "./bound.ts";
import { Folder } from "./folder.ts";
import { freePort, type MongoServer, mongoServer, onPath } from "./mongo.ts";
import { es, type Told } from "./operator.ts";
import { type Answer, eventually, System } from "./system.ts";

/** Command services by name. */
export const COMMANDS = {
	radars: "radar-commands",
	registration: "registration-commands",
	cases: "infraction-commands,operations-commands,identity-commands",
} as const;
/** The services of each role. */
export const ROLES = { command: "commands", query: "queries", gateway: "gateway" } as const;
/** Two nodes of each role. */
export const SIX: Readonly<Record<string, string>> = {
	"command-1": ROLES.command,
	"command-2": ROLES.command,
	"query-1": ROLES.query,
	"query-2": ROLES.query,
	"gateway-1": ROLES.gateway,
	"gateway-2": ROLES.gateway,
};

/** The key of every cluster in tests, unless its settings have another one. */
export const CLUSTER_KEY = Buffer.alloc(32, "the key of every cluster").toString("base64");

/** Whether clusters can be started on this machine. */
export const hasNats = onPath("nats-server");
/** Servers that a cluster on MongoDB needs. */
export interface Ground {
	readonly mongo: MongoServer;
}
/** Null after a one-line notice if the servers are not available; throws instead if CLUSTER_REQUIRED is set. */
export async function ground(): Promise<Ground | null> {
	const mongo = hasNats ? await mongoServer() : null;
	if (mongo) return { mongo };
	const line = `Cluster tests are skipped: no ${hasNats ? "MongoDB" : "nats-server on PATH"}\n`;
	if (process.env["CLUSTER_REQUIRED"]) throw new Error(line);
	writeSync(2, line);
	return null;
}

/** A nats-server that keeps its port over restarts. */
export class Nats {
	readonly port: number;
	readonly #folder = new Folder();
	#child: ChildProcess | null = null;

	private constructor(port: number, config: string) {
		this.port = port;
		writeFileSync(this.#config, `host: 127.0.0.1\nport: ${port}\n${config}\n`);
	}
	/** `config`: additional configuration lines. */
	static async start(config = ""): Promise<Nats> {
		const nats = new Nats(await freePort(), config);
		await nats.up();
		return nats;
	}
	get #config(): string {
		return this.#folder.file("nats.conf");
	}
	get url(): string {
		return `nats://127.0.0.1:${this.port}`;
	}
	async up(): Promise<void> {
		const [file = "", ...args] = [...bound, "nats-server", "-c", this.#config];
		this.#child = spawn(file, args, { stdio: "ignore" });
		await eventually(
			() =>
				new Promise<void>((open, refused) => {
					const socket = connect(this.port, "127.0.0.1", () => (socket.destroy(), open()));
					socket.once("error", refused);
				}),
		);
	}
	async kill(): Promise<void> {
		const child = this.#child;
		this.#child = null;
		if (child) await killed(child);
	}
	/** Stops it permanently. */
	async end(): Promise<void> {
		await this.kill();
		this.#folder.remove();
	}
}

interface Plan {
	/** Services by node name. */
	readonly nodes?: Readonly<Record<string, string>>;
	readonly settings?: Readonly<Record<string, string>>;
	/** Replaces a database of the ground's server. */
	readonly mongoUrl?: string;
	/** Additional configuration lines of NATS. */
	readonly nats?: string;
	/** Settings by node name. */
	readonly own?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
/** The storage of logs and rows: a database, or a folder that all nodes share. */
interface Place {
	readonly mongoUrl?: string;
	remove(): Promise<unknown>;
}
const FOLDER: Place = { remove: () => Promise.resolve() };
const SHARED_FILES = ["events.db", "rows.db"];
/** Maximum wait for other writers of a file, in milliseconds. */
const OTHER_WRITERS = 1000;

export class Cluster {
	readonly nats: Nats;
	readonly #place: Place;
	/** Folder with the keys of all nodes, so that each trusts the others' signatures. */
	readonly folder: string;
	readonly #nodes = new Map<string, { readonly services: string; readonly system: System }>();
	readonly #settings: Readonly<Record<string, string>>;
	readonly #own: NonNullable<Plan["own"]>;
	#over = false;

	private constructor(nats: Nats, place: Place, folder: string, { settings = {}, own = {} }: Plan) {
		this.nats = nats;
		this.#place = place;
		this.folder = folder;
		this.#settings = settings;
		this.#own = own;
	}
	static start({ mongo }: Ground, { mongoUrl, ...plan }: Plan = {}): Promise<Cluster> {
		const place = mongo.place();
		return Cluster.#on({ mongoUrl: mongoUrl ?? place.url, remove: () => place.remove() }, plan);
	}
	/** A cluster on the files of one folder, without a database server. */
	static shared(plan: Omit<Plan, "mongoUrl"> = {}): Promise<Cluster> {
		return Cluster.#on(FOLDER, plan);
	}
	static async #on(place: Place, { nodes = SIX, nats, ...plan }: Plan): Promise<Cluster> {
		const folder = await mkdtemp(join(tmpdir(), "vigie-cluster-"));
		const cluster = new Cluster(await Nats.start(nats), place, folder, plan);
		try {
			const [[first, services] = ["", ""], ...others] = Object.entries(nodes);
			if (first) await cluster.join(first, services); // alone, because it creates the new store
			await Promise.all(others.map(([name, does]) => cluster.join(name, does)));
			await cluster.ready();
			await cluster.#routed();
		} catch (error) {
			await cluster.stop();
			throw error;
		}
		return cluster;
	}

	/** Starts a new or a stopped node. */
	async join(name: string, services = this.#known(name).services): Promise<void> {
		if (this.#over) throw new Error("the cluster has been stopped");
		const system = this.#nodes.get(name)?.system ?? System.at(this.folder, {}, bound);
		this.#nodes.set(name, { services, system });
		await system.up(this.settingsOf(name, services), "its own word");
	}
	settingsOf(name: string, services: string): Readonly<Record<string, string>> {
		const { mongoUrl } = this.#place;
		const own = {
			NODE_ID: name,
			SERVICES: services,
			NATS_URL: this.nats.url,
			CLUSTER_KEY,
			...(mongoUrl === undefined ? {} : { MONGO_URL: mongoUrl }),
		};
		return { PARTITIONS: "4", LOG_LEVEL: "warn", ...own, ...this.#settings, ...this.#own[name] };
	}
	#known(name: string): { readonly services: string; readonly system: System } {
		const node = this.#nodes.get(name);
		if (!node) throw new Error(`there is no node ${name}`);
		return node;
	}
	/** The process of a node; only gateways accept requests. */
	node(name: string): System {
		return this.#known(name).system;
	}
	servicesOf(name: string): string {
		return this.#known(name).services;
	}
	get names(): readonly string[] {
		return [...this.#nodes.keys()];
	}
	get gateways(): readonly System[] {
		return [...this.#nodes.values()].filter(({ services }) => services === ROLES.gateway).map(({ system }) => system);
	}
	/** Sends SIGKILL. */
	async kill(name: string): Promise<void> {
		await this.node(name).kill();
	}
	pause(name: string): void {
		this.node(name).signal("SIGSTOP");
	}
	/** Pauses a node between two transactions: inside one, it would block all other writers of the shared files. */
	async pauseUnlocked(name: string): Promise<void> {
		await eventually(async () => {
			this.pause(name);
			await eventually(() => expectStopped(this.node(name).pid));
			if (this.#place !== FOLDER || SHARED_FILES.every((file) => canWrite(join(this.folder, file)))) return;
			this.resume(name);
			throw new Error(`${name} was stopped in a transaction`);
		});
	}
	resume(name: string): void {
		this.node(name).signal("SIGCONT");
	}
	/** Stops a node like an operator; resolves to the exit code. */
	leave(name: string): Promise<number | null> {
		return this.node(name).stop();
	}
	/** Resolves when every gateway reports all parts as healthy. */
	async ready(withinMs = 30_000): Promise<void> {
		await eventually(async () => {
			for (const gateway of this.gateways) expectReady(await gateway.get("/health/ready"));
		}, withinMs);
	}
	/** Resolves when every gateway knows the services of every node. */
	#routed(): Promise<void> {
		return eventually(async () => {
			for (const gateway of this.gateways)
				for (const path of ["/radars", "/detections", "/owners", "/vehicles"])
					for (const { status } of [await gateway.post(path), await gateway.get(path)])
						if (status !== 200 && status !== 422) throw new Error(`a gateway answers ${path} with ${status}`);
		}, 30_000);
	}
	/** Runs the operator's command line. */
	es(words: string): Promise<Told> {
		return es(this.folder, words, this.settingsOf("operator", ""));
	}
	/** Verifies all logs; resolves to the number of commits, or throws the output if there are findings. */
	async verified(): Promise<number> {
		const { code, stdout, stderr } = await this.es("verify");
		const counted = [...stdout.matchAll(/^\S+:\d+\s+([\d,]+)/gm)].reduce(
			(sum, [, commits = ""]) => sum + Number(commits.replaceAll(",", "")),
			0,
		);
		if (code !== 0 || !stdout.includes("every commit fits")) throw new Error(`verify ends with ${code}:\n${stdout}\n${stderr}`);
		return counted;
	}
	/** The last output of each node. */
	get words(): string {
		return [...this.#nodes].map(([name, { system }]) => `--- ${name}\n${system.output.slice(-1500)}`).join("\n");
	}
	async stop(): Promise<void> {
		this.#over = true;
		await Promise.all([...this.#nodes.values()].map(({ system }) => system.kill()));
		await this.nats.end();
		await this.#place.remove();
		await rm(this.folder, { recursive: true, force: true });
	}
}

/** Makes every later System the gateway of a cluster; false after a one-line notice if clusters are not available. */
export function amongOthers(): boolean {
	if (!hasNats) writeSync(2, "Cluster tests are skipped: no nats-server on PATH\n");
	System.beside = async (folder) => {
		const nats = await Nats.start();
		const common = { NATS_URL: nats.url, CLUSTER_KEY, LOG_LEVEL: "warn" };
		const nodes: System[] = [];
		for (const services of [ROLES.command, ROLES.query]) {
			const settings = { ...common, NODE_ID: `beside-${nodes.length}`, SERVICES: services };
			const node = System.at(folder, settings, bound);
			nodes.push(node);
			await node.up(settings, "its own word");
		}
		const stop = async (): Promise<void> => {
			await Promise.all(nodes.map((node) => node.kill()));
			await nats.end();
		};
		return { settings: { ...common, NODE_ID: "gateway", SERVICES: ROLES.gateway }, stop };
	};
	return hasNats;
}

/** SIGSTOP takes effect late for a thread in a system call, such as a disk write. */
function expectStopped(pid: number): void {
	const threads = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"));
	if (!threads.every((stat) => /^\d+ \(.*\) T /s.test(stat))) throw new Error(`a thread of ${pid} still runs`);
}

function canWrite(file: string): boolean {
	const database = new DatabaseSync(file, { timeout: OTHER_WRITERS });
	try {
		database.exec("BEGIN IMMEDIATE; ROLLBACK");
		return true;
	} catch {
		return false;
	} finally {
		database.close();
	}
}

function expectReady({ status, text }: Answer): void {
	if (status !== 200) throw new Error(`the cluster is not ready: ${text.slice(0, 2000)}`);
}
