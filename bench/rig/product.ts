/**
 * Product - Vigie as a black box: one process or several on a fresh data folder, used over HTTP. It imports no product code, so the
 * measurement is of the delivered product.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { authorization, TOKEN } from "./token.ts";
import { type Memory, Process } from "./process.ts";

const startMs = 120_000;
type Settings = Readonly<Record<string, string>>;

export interface Setup {
	readonly entry?: string;
	/** Settings in addition to those of every measured product. */
	readonly settings?: Settings;
	/** An existing data folder to keep; by default a fresh one that is removed at the end. */
	readonly dataDir?: string;
	/** SERVICES of each node; the last node has the gateway. By default one process with everything. */
	readonly nodes?: readonly string[];
	/** Milliseconds between two polls of its readiness. */
	readonly everyMs?: number;
}

export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	if (address === null || typeof address === "string") throw new Error("no port to listen on");
	return address.port;
}

/** A folder that is removed when this process ends. */
export function freshFolder(name: string): { readonly path: string; readonly remove: () => void } {
	const path = mkdtempSync(join(tmpdir(), `vigie-${name}-`));
	const abandon = (): void => rmSync(path, { recursive: true, force: true });
	process.once("exit", abandon);
	return { path, remove: () => (process.off("exit", abandon), abandon()) };
}

/** The JSON of a successful answer. */
const answerOf = async <T>(asked: ClientRequest): Promise<T> => JSON.parse((await textOf(asked)) || "null") as T; // parsed JSON: every caller checks the fields it uses

/** The body of a 2xx answer; any other status rejects with the request and the answer. */
function textOf(asked: ClientRequest): Promise<string> {
	return new Promise((resolve, reject) => {
		asked.once("error", reject);
		asked.once("response", (response: IncomingMessage) => {
			const status = response.statusCode ?? 0;
			let text = "";
			response.setEncoding("utf8");
			response.on("data", (part: string) => (text += part));
			response.once("error", reject);
			response.once("end", () => {
				if (status < 200 || status > 299) reject(new Error(`${asked.method} ${asked.path} → ${status} ${text.slice(0, 500)}`));
				else resolve(text);
			});
		});
	});
}

export class Product {
	readonly port: number;
	readonly dataDir: string;
	readonly #folder = freshFolder("product");
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
	readonly #processes: Process[] = [];
	readonly #setup: Setup;

	private constructor(port: number, setup: Setup) {
		this.port = port;
		this.#setup = setup;
		this.dataDir = setup.dataDir ?? join(this.#folder.path, "data");
	}

	/** Resolves once it reports that it is ready. */
	static async start(setup: Setup = {}): Promise<Product> {
		const product = new Product(await freePort(), setup);
		try {
			for (const [number, services] of (setup.nodes ?? [""]).entries()) await product.#begin(number, services);
			await product.#until(() => product.get("/api/health/ready").then(Boolean, () => false));
			return product;
		} catch (error) {
			const output = product.output();
			await product.stop();
			throw new Error(`it did not become ready:\n${output}`, { cause: error });
		}
	}

	/** Starts one node. A node without a gateway prints when it runs; only then does the next one start. */
	async #begin(number: number, services: string): Promise<void> {
		const { entry = join("cli", "start.ts"), settings = {}, nodes = [] } = this.#setup;
		const own = {
			HOST: "127.0.0.1",
			PORT: String(this.port),
			DATA_DIR: this.dataDir,
			SERVICES: services,
			NODE_ID: `node-${number}`,
			BOOTSTRAP_TOKEN: TOKEN,
		};
		const running = new Process([entry], { ...own, ...settings }, join(this.#folder.path, `output-${number}`));
		this.#processes.push(running);
		if (number < nodes.length - 1) await this.#until(async () => running.output().includes("Vigie runs"));
	}
	async #until(there: () => Promise<boolean>): Promise<void> {
		for (const deadline = Date.now() + startMs; !(await there()); await delay(this.#setup.everyMs ?? 50))
			if (this.#processes.some(({ ended }) => ended) || Date.now() > deadline) throw new Error("it ended, or took too long");
	}

	get<T>(path: string): Promise<T> {
		const asked = this.#ask("GET", path, {});
		asked.end();
		return answerOf<T>(asked);
	}

	/** The raw body, over a new connection: the server may close an idle one just as it is used again. */
	text(path: string): Promise<string> {
		const asked = request({ agent: false, host: "127.0.0.1", port: this.port, path, headers: { authorization } });
		asked.end();
		return textOf(asked);
	}

	post<T>(path: string, body: object | string, type = "application/json"): Promise<T> {
		const text = typeof body === "string" ? body : JSON.stringify(body);
		const asked = this.#ask("POST", path, { "content-type": type, "content-length": Buffer.byteLength(text) });
		asked.end(text);
		return answerOf<T>(asked);
	}

	/** Sends all lines in one request, with backpressure. */
	async stream<T>(path: string, chunks: Iterable<string>): Promise<T> {
		const asked = this.#ask("POST", path, { "content-type": "application/x-ndjson" });
		let wake = (): void => {};
		let answered = false;
		const answer = answerOf<T>(asked);
		const settle = (): void => {
			answered = true;
			wake();
		};
		answer.then(settle, settle);
		asked.on("drain", () => wake());
		for (const chunk of chunks) {
			if (answered) break;
			if (asked.write(chunk)) continue;
			await new Promise<void>((resolve) => (wake = resolve));
		}
		asked.end();
		return answer;
	}

	/** Sum over all its processes. */
	cpuSeconds(): number {
		return this.#processes.reduce((sum, one) => sum + one.cpuSeconds(), 0);
	}
	memory(): Memory {
		const all = this.#processes.map((one) => one.memory());
		const sum = (of: keyof Memory): number => all.reduce((total, one) => total + one[of], 0);
		return { rssMb: sum("rssMb"), peakMb: sum("peakMb") };
	}

	/** The end of their output. */
	output(): string {
		return this.#processes.map((one) => one.output()).join("\n");
	}

	/** Kills all processes without warning. */
	async kill(): Promise<void> {
		for (const one of this.#processes) await one.kill();
		await this.stop();
	}

	/** Stops the gateway first, with SIGTERM; false if one had to be killed or did not end well. */
	async stop(): Promise<boolean> {
		this.#agent.destroy();
		let cleanly = true;
		for (const one of this.#processes.toReversed()) cleanly = (await one.stop()) && cleanly;
		this.#folder.remove();
		return cleanly;
	}

	#ask(method: string, path: string, headers: Record<string, string | number>): ClientRequest {
		return request({ agent: this.#agent, host: "127.0.0.1", port: this.port, method, path, headers: { authorization, ...headers } });
	}
}
