/** MongoProcess - a MongoDB for one test, which can be killed, paused and restarted with its data: mongod on PATH, otherwise FerretDB. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { bound, killed } from "./bound.ts";
import { built, freePort, onPath } from "./mongo.ts";
import { eventually } from "./system.ts";

const mongod = onPath("mongod");

export class MongoProcess {
	readonly url: string;
	readonly #port: number;
	readonly #folder = mkdtempSync(join(tmpdir(), "vigie-mongo-"));
	#child: ChildProcess | null = null;

	private constructor(port: number) {
		this.#port = port;
		this.url = `mongodb://127.0.0.1:${port}/vigie${mongod ? "?replicaSet=vigie" : ""}`;
	}
	static async start(): Promise<MongoProcess> {
		const server = new MongoProcess(await freePort());
		await server.up();
		return server;
	}
	async up(): Promise<void> {
		const [port, folder] = [String(this.#port), this.#folder];
		const command = mongod
			? ["mongod", "--replSet", "vigie", "--bind_ip", "127.0.0.1", "--port", port, "--dbpath", folder]
			: [await built(), folder, port];
		const [file = "", ...args] = [...bound, ...command];
		this.#child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"] });
		await eventually(() => this.#answers(), 30_000);
	}
	/** Uses a new client for each attempt, because one that found no server does not search again. */
	async #answers(): Promise<void> {
		const direct = new MongoClient(`mongodb://127.0.0.1:${this.#port}/?directConnection=true`, { serverSelectionTimeoutMS: 1000 });
		try {
			const admin = direct.db("admin");
			const members = [{ _id: 0, host: `127.0.0.1:${this.#port}` }];
			if (mongod) await admin.command({ replSetInitiate: { _id: "vigie", members } }).catch(() => undefined); // it is one already
			if (!(await admin.command({ hello: 1 }))["isWritablePrimary"]) throw new Error("MongoDB does not accept writes yet");
		} finally {
			await direct.close();
		}
	}
	signal(name: NodeJS.Signals): void {
		this.#child?.kill(name);
	}
	async kill(): Promise<void> {
		const child = this.#child;
		this.#child = null;
		if (child) await killed(child);
	}
	async remove(): Promise<void> {
		await this.kill();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
