/**
 * Product - Vigie as a stranger sees it: a child process with a fresh data folder, spoken to over HTTP, watched through
 * /proc (so Linux only). Nothing of its code is imported: what is measured is what is delivered.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const startMs = 60_000;
const stopMs = 20_000;
/** USER_HZ, the unit of the times in /proc: 100 on every Linux that Node supports. */
const ticksPerSecond = 100;
/** What would make it something else than the embedded product in its delivered state. */
const foreign = ["NATS_URL", "MONGO_URL", "PARTITIONS", "SERVICES", "METRICS", "METRICS_PORT"];

export const root = join(import.meta.dirname, "..");
/** The environment of everything that is measured. */
export const environment = (): NodeJS.ProcessEnv => {
	const inherited = Object.entries(process.env).filter(([name]) => !foreign.includes(name));
	return { ...Object.fromEntries(inherited), NODE_ENV: "production" };
};

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	if (address === null || typeof address === "string") throw new Error("no port to listen on");
	return address.port;
}

/** The JSON of a successful answer. */
const answerOf = async <T>(asked: ClientRequest): Promise<T> => JSON.parse((await textOf(asked)) || "null") as T; // bytes come in: every caller looks at what it uses

/** The body of a successful answer; anything else than 2xx is an error that says what was asked and what came back. */
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
	readonly #folder = mkdtempSync(join(tmpdir(), "vigie-product-"));
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
	readonly #child: ChildProcess;
	readonly #port: number;
	readonly #abandon = (): void => {
		this.#child.kill("SIGKILL");
		rmSync(this.#folder, { recursive: true, force: true });
	};

	private constructor(entry: string, port: number, settings: Readonly<Record<string, string>>) {
		const output = openSync(join(this.#folder, "output"), "a");
		const env = { ...environment(), HOST: "127.0.0.1", PORT: String(port), DATA_DIR: join(this.#folder, "data"), ...settings };
		this.#port = port;
		this.#child = spawn(process.execPath, [entry], { cwd: root, env, stdio: ["ignore", output, output] });
		closeSync(output);
		process.once("exit", this.#abandon);
	}

	/** Resolves when it says it is ready. */
	static async start(entry: string, settings: Readonly<Record<string, string>> = {}): Promise<Product> {
		const product = new Product(entry, await freePort(), settings);
		const deadline = Date.now() + startMs;
		while (!(await product.get("/api/health/ready").then(Boolean, () => false))) {
			if (product.#child.exitCode !== null || Date.now() > deadline) {
				const output = product.output();
				await product.stop();
				throw new Error(`${entry} did not become ready:\n${output}`);
			}
			await delay(50);
		}
		return product;
	}

	get<T>(path: string): Promise<T> {
		const asked = this.#ask("GET", path, {});
		asked.end();
		return answerOf<T>(asked);
	}

	/** The body as it came, over a connection of its own: one kept for seconds may be closed by the other side just as it is used. */
	text(path: string): Promise<string> {
		const asked = request({ agent: false, host: "127.0.0.1", port: this.#port, path });
		asked.end();
		return textOf(asked);
	}

	post<T>(path: string, body: object): Promise<T> {
		const text = JSON.stringify(body);
		const asked = this.#ask("POST", path, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
		asked.end(text);
		return answerOf<T>(asked);
	}

	/** One request as long as the lines last, never faster than they are taken. */
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

	/** CPU seconds of all its threads since it began. */
	cpuSeconds(): number {
		const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
		// The name of the process may hold spaces: counted from the parenthesis that closes it.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
	}

	/** Resident memory in MB: now, and at its highest. */
	memory(): { readonly rssMb: number; readonly peakMb: number } {
		const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
		const field = (name: string): number => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1_024);
		return { rssMb: field("VmRSS"), peakMb: field("VmHWM") };
	}

	/** The end of what it printed. */
	output(): string {
		return readFileSync(join(this.#folder, "output"), "utf8").slice(-4_000);
	}

	/** Asked to stop as an operator asks; false when it had to be killed or did not end well. */
	async stop(): Promise<boolean> {
		this.#agent.destroy();
		if (this.#child.exitCode === null && this.#child.signalCode === null) {
			const exit = once(this.#child, "exit");
			const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMs);
			this.#child.kill("SIGTERM");
			await exit;
			clearTimeout(timer);
		}
		process.off("exit", this.#abandon);
		rmSync(this.#folder, { recursive: true, force: true });
		return this.#child.exitCode === 0 || this.#child.signalCode === "SIGTERM";
	}

	#ask(method: string, path: string, headers: Record<string, string | number>): ClientRequest {
		return request({ agent: this.#agent, host: "127.0.0.1", port: this.#port, method, path, headers });
	}
}
