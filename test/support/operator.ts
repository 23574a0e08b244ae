/** Operator - a person at a terminal beside a running system: runs the command line as a child process, and the REPL through its stdin. */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { eventually } from "./system.ts";

const root = fileURLToPath(new URL("../../", import.meta.url).href);
export interface Told {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
	/** stdout, parsed as one JSON document. */
	readonly json: Readonly<Record<string, unknown>>;
}
type Env = Readonly<Record<string, string>>;

/** A child process with its output and exit code. */
export class Child {
	readonly #child: ChildProcess;
	stdout = "";
	stderr = "";

	constructor(file: string, words: readonly string[], dataDir: string, env: Env = {}) {
		const { PATH = "", TMPDIR = tmpdir() } = process.env;
		this.#child = spawn(process.execPath, [file, ...words], {
			cwd: root,
			env: { PATH, TMPDIR, HOME: dataDir, DATA_DIR: dataDir, PORT: "0", ...env },
			stdio: ["pipe", "pipe", "pipe"],
		});
		this.#child.stdout?.on("data", (chunk: Buffer) => (this.stdout += String(chunk)));
		this.#child.stderr?.on("data", (chunk: Buffer) => (this.stderr += String(chunk)));
	}
	type(text: string): void {
		this.#child.stdin?.write(text);
	}
	signal(signal: NodeJS.Signals): void {
		this.#child.kill(signal);
	}
	/** Resolves to the exit code when the child has ended and all output has arrived. */
	ended(withinMs = 30_000): Promise<number | null> {
		this.#child.stdin?.end();
		return new Promise((resolve, reject) => {
			const late = setTimeout(() => {
				this.#child.kill("SIGKILL");
				reject(new Error(`it did not end within ${withinMs} ms; it said:\n${this.stdout.slice(-2000)}\n${this.stderr.slice(-2000)}`));
			}, withinMs);
			const end = (code: number | null): void => {
				clearTimeout(late);
				resolve(code);
			};
			if (this.#child.exitCode !== null && this.#child.stdout?.closed) end(this.#child.exitCode);
			else this.#child.once("close", end);
		});
	}
}

/** `es(dataDir, "state radar A6-1 --json")` */
export async function es(dataDir: string, words: string | readonly string[], env: Env = {}): Promise<Told> {
	const child = new Child("cli/es.ts", typeof words === "string" ? words.split(" ") : words, dataDir, env);
	const code = await child.ended();
	const { stdout, stderr } = child;
	return {
		code,
		stdout,
		stderr,
		get json() {
			return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
		},
	};
}

const PROMPT = "vigie $ ";
/** The REPL, used line by line: each output is read until the next prompt. */
export class Repl {
	readonly #child: Child;
	#read = 0;

	private constructor(child: Child) {
		this.#child = child;
	}
	static async open(dataDir: string, words: readonly string[] = [], env: Env = {}): Promise<Repl> {
		const repl = new Repl(new Child("cli/repl.ts", words, dataDir, env));
		await repl.#prompt();
		return repl;
	}
	/** Types a line; resolves to the output up to the next prompt. */
	async type(line: string): Promise<string> {
		this.send(line);
		return this.#prompt();
	}
	/** Types a line without waiting. */
	send(line: string): void {
		this.#child.type(`${line}\n`);
	}
	/** All output so far. */
	get said(): string {
		return this.#child.stdout + this.#child.stderr;
	}
	#prompt(): Promise<string> {
		return eventually(() => {
			const at = this.#child.stdout.indexOf(PROMPT, this.#read);
			if (at < 0) throw new Error(`the prompt does not come back:\n${this.said.slice(-2000)}`);
			const text = this.#child.stdout.slice(this.#read, at);
			this.#read = at + PROMPT.length;
			return text;
		}, 30_000);
	}
	/** Sends SIGKILL. */
	kill(): void {
		this.#child.signal("SIGKILL");
	}
	/** Ends the input, like Ctrl-D; resolves to the exit code. */
	leave(): Promise<number | null> {
		return this.#child.ended();
	}
}
