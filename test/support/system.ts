/**
 * System - the product as a child process on a free port, with its own data folder, and an HTTP client for it. It imports nothing of the
 * product, so its tests hold for every external client.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LiveFeed } from "./live-feed.ts";
import { plain, type Transport } from "./transport.ts";

export type Row = { readonly [field: string]: unknown };
/** Any response body: the answer to a command, a list, a row or a problem. */
export interface Body extends Row {
	readonly id: string;
	readonly version: number;
	readonly position: string;
	readonly code: string;
	readonly rows: readonly Row[];
	readonly errors: readonly Row[];
	readonly total: number;
	readonly totalPages: number;
	readonly next: string | null;
}
export interface Answer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly text: string;
	readonly body: Body;
}
export interface Call {
	readonly method?: string;
	readonly path: string;
	readonly headers?: OutgoingHttpHeaders;
	readonly body?: string | Buffer | Readable;
	readonly timeoutMs?: number;
}
/** Options for the child process. */
export interface Launch {
	/** Data folder that the caller creates and removes. */
	readonly dataDir?: string;
	/** Command prefix before node and its arguments. */
	readonly command?: readonly string[];
	readonly uid?: number;
}
/** Other processes in the data folder of a system, and the settings that connect the system to them. */
export interface Beside {
	readonly settings: Readonly<Record<string, string>>;
	stop(): Promise<void>;
}
/** The result of a child that has ended. */
export interface Ended {
	readonly code: number | null;
	readonly output: string;
	readonly ms: number;
}

/** The token of every system of the tests: its client has all roles. */
export const TOKEN = "a token for tests only, 32 characters long".replaceAll(/[ ,]/g, "-");
const authorization = `Bearer ${TOKEN}`;
/** The header line of a request with that token. */
export const AUTHORIZATION = `Authorization: ${authorization}\r\n`;

const root = fileURLToPath(new URL("../../", import.meta.url).href);
const host = "127.0.0.1";

/** Milliseconds after which a check is not repeated although few pauses were counted: before a test times out, which hides the reason. */
const LONGEST_WAIT = 160_000;

/**
 * Repeats a check until it no longer throws; rejects with its last error after the timeout. Only the pauses count, not the time that checks
 * take, so that the patience grows with the load of the machine.
 */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = 15_000): Promise<T> {
	const until = performance.now() + Math.max(LONGEST_WAIT, withinMs);
	let paused = 0;
	for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
		try {
			return await check();
		} catch (reason) {
			if (paused >= withinMs || performance.now() > until) throw reason;
			await pause(wait);
			paused += wait;
		}
	}
}

export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((listening) => server.listen(0, host, listening));
	const { port } = server.address() as AddressInfo;
	await new Promise((closed) => server.close(closed));
	return port;
}

export class System {
	/** Starts other processes beside each system; null for none. */
	static beside: ((dataDir: string) => Promise<Beside>) | null = null;
	/** How clients connect to each system that is made from then on. */
	static transport: Transport = plain;
	readonly dataDir: string;
	readonly #transport = System.transport;
	#settings: Readonly<Record<string, string>>;
	readonly #launch: Launch;
	#child: ChildProcess | undefined;
	#agent = this.#transport.agent();
	#port = 0;
	#output = "";
	#beside: Beside | null = null;

	private constructor(dataDir: string, settings: Readonly<Record<string, string>>, launch: Launch) {
		this.dataDir = dataDir;
		this.#settings = settings;
		this.#launch = launch;
	}

	static async start(settings: Readonly<Record<string, string>> = {}, launch: Launch = {}): Promise<System> {
		const system = new System(launch.dataDir ?? (await mkdtemp(join(tmpdir(), "vigie-"))), settings, launch);
		try {
			system.#beside = (await System.beside?.(system.dataDir)) ?? null;
			await system.up();
		} catch (reason) {
			await system.dispose();
			throw reason;
		}
		return system;
	}

	/** A system on an existing data folder, not started. */
	static at(dataDir: string, settings: Readonly<Record<string, string>> = {}, command: readonly string[] = []): System {
		return new System(dataDir, settings, { dataDir, command });
	}

	/** Starts the child and waits until it is ready, or until it answers; rejects with its output if it ends early. */
	async up(settings = this.#settings, asked: "/health/ready" | "/health/live" | "its own word" = "/health/ready"): Promise<void> {
		const child = await this.#spawn(settings);
		const deadline = Date.now() + 30_000;
		for (;;) {
			if (this.#ended) throw new Error(`the system ended while starting (${child.exitCode ?? child.signalCode}):\n${this.#output}`);
			if (asked === "its own word" && /^Vigie (runs|listens)/m.test(this.#output)) return; // without a gateway, only its output shows the start
			const ready = asked === "its own word" ? undefined : await this.get(asked, {}, 2_000).catch(() => undefined);
			if (ready?.status === 200) return;
			if (Date.now() > deadline) throw new Error(`the system is not ready after 30 s (${ready?.status} ${ready?.text}):\n${this.#output}`);
			await pause(20);
		}
	}

	/** Starts the child, with other options if given, and waits for its end. */
	async ending(launch = this.#launch, withinMs = 15_000): Promise<Ended> {
		const begun = performance.now();
		await this.#spawn(this.#settings, launch);
		return this.ended(withinMs, begun);
	}

	/** Waits for the end of the child; kills it after the timeout. */
	async ended(withinMs: number, begun = performance.now()): Promise<Ended> {
		const child = this.#child;
		const killed = setTimeout(() => child?.kill("SIGKILL"), withinMs);
		if (!this.#ended) await new Promise((done) => child?.once("close", done));
		clearTimeout(killed);
		return { code: child?.exitCode ?? null, output: this.#output, ms: performance.now() - begun };
	}

	async #spawn(settings: Readonly<Record<string, string>>, { command = [], uid }: Launch = this.#launch): Promise<ChildProcess> {
		this.#settings = settings;
		this.#port = await freePort();
		this.#output = "";
		const { PATH = "", HOME = "", TMPDIR = tmpdir() } = process.env;
		const env = {
			PATH,
			HOME,
			TMPDIR,
			PORT: String(this.#port),
			DATA_DIR: this.dataDir,
			BOOTSTRAP_TOKEN: TOKEN,
			...this.#transport.settings,
			...settings,
			...this.#beside?.settings,
		};
		const [file = process.execPath, ...args] = [...command, process.execPath, "cli/start.ts"];
		const identity = uid === undefined ? {} : { uid, gid: uid };
		const child = spawn(file, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], ...identity });
		for (const stream of [child.stdout, child.stderr])
			stream?.on("data", (chunk: Buffer) => (this.#output = (this.#output + chunk).slice(-20_000)));
		return (this.#child = child);
	}

	/** The port it listens on, now or after its start. */
	get port(): number {
		return this.#port;
	}
	/** `http://127.0.0.1:3000` */
	get origin(): string {
		return `${this.#transport.name}://${host}:${this.#port}`;
	}
	get pid(): number {
		return this.#child?.pid ?? 0;
	}
	/** Sends a signal without waiting. */
	signal(name: NodeJS.Signals): void {
		this.#child?.kill(name);
	}

	get #ended(): boolean {
		return !this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null;
	}

	/** The last output of the child, for messages. */
	get output(): string {
		return this.#output;
	}

	async #end(signal: NodeJS.Signals, withinMs: number): Promise<number | null> {
		const child = this.#child;
		if (!child) return null;
		if (!this.#ended) {
			const exited = new Promise<boolean>((done) => child.once("exit", () => done(true)));
			child.kill(signal);
			const patience = new AbortController();
			const inTime = await Promise.race([exited, pause(withinMs, false, { signal: patience.signal }).catch(() => false)]);
			patience.abort();
			if (!inTime) {
				child.kill("SIGKILL");
				throw new Error(`the system did not end within ${withinMs} ms of ${signal}`);
			}
		}
		this.#agent.destroy();
		this.#agent = this.#transport.agent();
		return child.exitCode;
	}

	/** Sends SIGKILL, like a power failure. */
	kill = (): Promise<number | null> => this.#end("SIGKILL", 10_000);
	/** Sends SIGTERM, like an operator: current work is finished. Resolves to the exit code. */
	stop = (): Promise<number | null> => this.#end("SIGTERM", 15_000);

	async restart(settings = this.#settings): Promise<void> {
		await this.stop();
		await this.up(settings);
	}

	async dispose(): Promise<void> {
		await this.kill();
		await this.#beside?.stop();
		if (!this.#launch.dataDir) await rm(this.dataDir, { recursive: true, force: true });
	}

	/** Sends one request as it is, with any path and body, and with the token unless the headers say otherwise (`authorization: undefined`). Paths are below /api unless they start with two slashes. */
	send({ method = "GET", path, headers = {}, body, timeoutMs = 15_000 }: Call): Promise<Answer> {
		return new Promise((resolve, reject) => {
			const target = path.startsWith("//") ? path.slice(1) : `/api${path}`;
			const length = typeof body === "string" || Buffer.isBuffer(body) ? { "content-length": Buffer.byteLength(body) } : {}; // Node does not set it for a DELETE
			const outgoing = this.#transport.request({
				agent: this.#agent,
				host,
				port: this.#port,
				method,
				path: target,
				headers: given({ ...length, authorization, ...headers }),
			});
			const fail = async (reason: Error): Promise<void> => {
				clearTimeout(timer);
				await pause(50); // the exit event arrives shortly after its connections break
				const state = this.#ended ? `has ended (${this.#child?.exitCode ?? this.#child?.signalCode})` : "runs";
				const words = `the system ${state}, its last words: ${this.#output.slice(-500)}`;
				reject(new Error(`${method} ${target.slice(0, 200)}: ${reason.message} (${words})`, { cause: reason }));
			};
			const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
			outgoing.on("error", fail);
			outgoing.on("response", (incoming) => {
				const chunks: Buffer[] = [];
				incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
				incoming.on("error", fail);
				incoming.on("end", () => {
					clearTimeout(timer);
					const text = Buffer.concat(chunks).toString();
					const json = /\bjson\b/.test(incoming.headers["content-type"] ?? "") && text !== "";
					try {
						resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: (json ? JSON.parse(text) : {}) as Body });
					} catch {
						void fail(new Error(`answered as JSON what is none: ${text.slice(0, 200)}`));
					}
				});
			});
			if (body !== undefined && typeof body === "object" && "pipe" in body) body.on("error", fail).pipe(outgoing);
			else outgoing.end(body);
		});
	}

	get(path: string, headers: OutgoingHttpHeaders = {}, timeoutMs = 15_000): Promise<Answer> {
		return this.send({ path, headers, timeoutMs });
	}

	post(path: string, body: unknown = {}, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
		return this.send({ method: "POST", path, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
	}

	/** Sends detections in bulk; lines that are not strings are written as JSON. */
	ndjson(lines: readonly unknown[], timeoutMs = 60_000): Promise<Answer> {
		const body = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
		return this.send({ method: "POST", path: "/detections", headers: { "content-type": "application/x-ndjson" }, body, timeoutMs });
	}

	csv(text: string): Promise<Answer> {
		return this.send({ method: "POST", path: "/radars/import", headers: { "content-type": "text/csv" }, body: text, timeoutMs: 60_000 });
	}

	/** All rows of a list, read by cursor and by page number up to the page limit (10,000 rows); both must agree. */
	async rows(list: string, pageSize = 100): Promise<Row[]> {
		const query = (more: string): string => `${list}${list.includes("?") ? "&" : "?"}pageSize=${pageSize}${more}`;
		const byPage: Row[] = [];
		const byCursor: Row[] = [];
		const read = async (path: string): Promise<Body> => {
			const answer = await this.get(path);
			if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
			return answer.body;
		};
		for (let page = 1, last = 1; page <= last; page++) {
			const { rows, totalPages } = await read(query(`&page=${page}`));
			byPage.push(...rows);
			last = Math.min(totalPages, Math.floor(10_000 / pageSize));
		}
		for (let more: string | null = ""; more !== null;) {
			const { rows, next }: Body = await read(query(more));
			byCursor.push(...rows);
			more = next === null ? null : `&after=${encodeURIComponent(next)}`;
		}
		const ids = (rows: Row[]): string => JSON.stringify(rows.map(({ id }) => id));
		if (byPage.length < Math.min(byCursor.length, 9_900) || ids(byPage) !== ids(byCursor.slice(0, byPage.length)))
			throw new Error(`GET ${list}: pages tell ${byPage.length} rows, the cursor ${byCursor.length}, and not the same ones`);
		return byCursor;
	}

	/** Sends bytes that no client library would send on a plain socket; resolves to all data received until the server is silent. */
	raw(bytes: string | Buffer, timeoutMs = 5_000): Promise<string> {
		return new Promise((resolve, reject) => {
			const socket = this.#transport.connect(this.#port, host, () => socket.end(bytes));
			let text = "";
			const timer = setTimeout(() => socket.destroy(new Error(`the socket hangs after ${JSON.stringify(text.slice(0, 200))}`)), timeoutMs);
			socket.on("data", (chunk) => (text += chunk));
			socket.on(
				"error",
				(reason) => (clearTimeout(timer), text || /ECONNRESET|EPIPE/.test(String(reason)) ? resolve(text) : reject(reason)),
			);
			socket.on("close", () => (clearTimeout(timer), resolve(text)));
		});
	}

	/** Opens a connection; rejects if the system closes it before it is ready. */
	connect(): Promise<Socket> {
		return new Promise((resolve, reject) => {
			const socket = this.#transport.connect(this.#port, host, () => resolve(socket));
			socket.once("error", reject);
			socket.once("close", () => reject(new Error("the system closed a connection at its beginning")));
		});
	}

	live(query = "", headers: OutgoingHttpHeaders = {}): Promise<LiveFeed> {
		return LiveFeed.open(
			{ host, port: this.#port, path: `/api/live${query}`, headers: given({ authorization, ...headers }) },
			this.#transport,
		);
	}
}

const given = (headers: OutgoingHttpHeaders): OutgoingHttpHeaders =>
	Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
