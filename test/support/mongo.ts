/**
 * Mongo - a MongoDB for the tests of one file: that of MONGO_URL, otherwise a mongod on PATH, mongodb-memory-server if installed, or
 * FerretDB (MongoDB's protocol over SQLite), which is built once from test/support/ferretdb if Go is available. Each server ends when its
 * input ends, so that none outlives the tests.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";

const run = promisify(execFile);
const source = fileURLToPath(new URL("./ferretdb/", import.meta.url).href);
const cache = fileURLToPath(new URL("../../node_modules/.cache/vigie/", import.meta.url).href);

interface Started {
	readonly url: string;
	readonly stop: () => Promise<void>;
}

export class MongoServer {
	readonly url: string;
	/** Whether it is FerretDB, whose updates are not atomic with their filter, and which has no read concern. */
	readonly ferret: boolean;
	readonly client: MongoClient;
	readonly #stop: () => Promise<void>;

	private constructor({ url, stop }: Started, client: MongoClient, ferret: boolean) {
		this.url = url;
		this.ferret = ferret;
		this.client = client;
		this.#stop = stop;
	}
	static async of(started: Started): Promise<MongoServer> {
		const client = new MongoClient(started.url, { serverSelectionTimeoutMS: 10_000 });
		const info = await client.db("admin").command({ buildInfo: 1 });
		return new MongoServer(started, client, info["ferretdbVersion"] !== undefined);
	}
	/** A new database for one test, dropped after it. */
	place(): MongoPlace {
		return new MongoPlace(this);
	}
	async stop(): Promise<void> {
		await this.client.close();
		await this.#stop();
	}
}

export class MongoPlace {
	readonly database = `vigie-test-${randomUUID().slice(0, 13)}`;
	readonly url: string;
	readonly #server: MongoServer;

	constructor(server: MongoServer) {
		this.#server = server;
		this.url = databaseUrl(server.url, this.database);
	}
	/** The database of the driver, for operations that the stores do not have. */
	get db() {
		return this.#server.client.db(this.database);
	}
	async remove(): Promise<void> {
		await this.db.dropDatabase();
		await this.#server.client.db(`${this.database}-keys`).dropDatabase();
	}
}

/** The URL with another database; authentication stays at the original one. */
export function databaseUrl(url: string, database: string): string {
	const [, server = "", named = "", options = ""] = /^([^/]+\/\/[^/?]+)\/?([^?]*)\??(.*)$/.exec(url) ?? [];
	const source = server.includes("@") && !/\bauthSource=/i.test(options) ? `authSource=${named || "admin"}` : "";
	const all = [options, source].filter((option) => option !== "").join("&");
	return `${server}/${database}${all && `?${all}`}`;
}

/** Null after a one-line notice if no server is available; throws instead if MONGO_REQUIRED is set. */
export async function mongoServer(): Promise<MongoServer | null> {
	const given = process.env["MONGO_URL"];
	if (given) return MongoServer.of({ url: given, stop: () => Promise.resolve() });
	const complaints: string[] = [];
	for (const [name, start] of [
		["mongod", mongod],
		["mongodb-memory-server", memoryServer],
		["FerretDB", ferretdb],
	] as const) {
		const started = await start().catch((error: unknown) => void complaints.push(`${name}: ${lastLine(error)}`));
		if (started) return MongoServer.of(started);
	}
	const line = `MongoDB tests are skipped: no MONGO_URL, no mongod, and no Go to build FerretDB with${complaints.map((one) => ` (${one})`).join("")}\n`;
	if (process.env["MONGO_REQUIRED"]) throw new Error(line);
	writeSync(2, line);
	return null;
}
const lastLine = (error: unknown): string =>
	String(error instanceof Error ? error.message : error)
		.trim()
		.split("\n")
		.at(-1) ?? "";

export const onPath = (program: string): boolean =>
	(process.env["PATH"] ?? "").split(":").some((folder) => folder && existsSync(join(folder, program)));

/** Detaches a child, so that it does not keep this process alive. */
function loose(running: ChildProcess): Started["stop"] {
	for (const one of [running, running.stdin, running.stdout]) if (one && "unref" in one && typeof one.unref === "function") one.unref();
	return () => ended(running);
}
async function ended(running: ChildProcess): Promise<void> {
	const gone = new Promise((resolve) => running.once("exit", resolve));
	running.ref();
	running.stdin?.end();
	if (running.exitCode === null && running.signalCode === null) await gone;
}

async function ferretdb(): Promise<Started | null> {
	if (!onPath("go")) return null;
	const running = spawn(await built(), [], { stdio: ["pipe", "pipe", "inherit"] });
	const url = await new Promise<string>((resolve, reject) => {
		running.once("exit", (code) => reject(new Error(`it ended at once (${code})`)));
		createInterface({ input: running.stdout }).once("line", resolve);
	});
	return { url, stop: loose(running) };
}

/** Builds FerretDB once per version; concurrent callers wait for the same build. */
export async function built(): Promise<string> {
	const key = createHash("sha256");
	for (const file of ["main.go", "go.mod", "go.sum"]) key.update(readFileSync(join(source, file)));
	const program = join(cache, `ferretdb-${process.platform}-${process.arch}-${key.digest("hex").slice(0, 12)}`);
	mkdirSync(cache, { recursive: true });
	while (!existsSync(program)) {
		if (!locked(`${program}.building`)) await pause(100);
		else
			try {
				const fresh = `${program}.${process.pid}`;
				writeSync(2, "MongoDB tests: building FerretDB, once (a minute or two)\n");
				await run("go", ["build", "-o", fresh, "."], { cwd: source, timeout: 900_000 });
				renameSync(fresh, program);
			} finally {
				rmSync(`${program}.building`, { force: true });
			}
	}
	return program;
}
/** Creates a lock file, or returns false; removes the file of a dead process for the next attempt. */
function locked(file: string): boolean {
	try {
		writeFileSync(file, String(process.pid), { flag: "wx" });
		return true;
	} catch {
		const maker = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
		if (maker > 0 && !alive(maker)) rmSync(file, { force: true });
		return false;
	}
}
function alive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

/** A replica set of one member. Its shell stops it at the end of the input, and removes the folder. */
async function mongod(): Promise<Started | null> {
	if (!onPath("mongod")) return null;
	const folder = mkdtempSync(join(tmpdir(), "vigie-mongod-"));
	const port = await freePort();
	const args = ["--replSet", "vigie", "--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", folder, "--quiet"];
	const script = 'mongod "$@" >/dev/null & cat >/dev/null; kill $!; wait $!; rm -rf "$0"';
	const running = spawn("/bin/sh", ["-c", script, folder, ...args], { stdio: ["pipe", "ignore", "inherit"] });
	const direct = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, { serverSelectionTimeoutMS: 20_000 });
	try {
		const admin = direct.db("admin");
		await admin.command({ replSetInitiate: { _id: "vigie", members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
		while (!(await admin.command({ hello: 1 }))["isWritablePrimary"]) await pause(50);
		return { url: `mongodb://127.0.0.1:${port}/?replicaSet=vigie`, stop: loose(running) };
	} catch (error) {
		await ended(running);
		throw error;
	} finally {
		await direct.close();
	}
}
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
	const { port } = server.address() as AddressInfo; // it listens on TCP
	await new Promise((closed) => server.close(closed));
	return port;
}

/** Not a dependency, because its installation downloads a server. */
async function memoryServer(): Promise<Started | null> {
	const name: string = "mongodb-memory-server";
	const { MongoMemoryReplSet } = ((await import(name).catch(() => null)) ?? {}) as {
		MongoMemoryReplSet?: { create(options: object): Promise<{ getUri(): string; stop(): Promise<unknown> }> };
	}; // its own types, where it is installed
	const running = await MongoMemoryReplSet?.create({ replSet: { count: 1, storageEngine: "wiredTiger" } });
	return running ? { url: running.getUri(), stop: async () => void (await running.stop()) } : null;
}
