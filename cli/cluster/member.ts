/** Member - one node in its own process: starts, pauses and stops it, and passes on its output line by line. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** `left` and `killed` follow a command; `ended` means that the process exited by itself. */
export type State = "new" | "starting" | "up" | "paused" | "left" | "killed" | "ended";
export type Say = (name: string, line: string) => void;

const START = fileURLToPath(new URL("../start.ts", import.meta.url));
const BOUND = new URL("./bound.ts", import.meta.url).href;
/** Time limit of a graceful stop, in milliseconds; longer than the node's own limit. */
const LEAVE = 20_000;

export class Member {
	readonly name: string;
	readonly role: string;
	/** URL of a gateway; empty for every other node. */
	url = "";
	state: State = "new";
	readonly #env: NodeJS.ProcessEnv;
	readonly #say: Say;
	#child: ChildProcess | undefined;
	#gone: Promise<void> = Promise.resolve();

	constructor(name: string, role: string, env: NodeJS.ProcessEnv, say: Say) {
		this.name = name;
		this.role = role;
		this.#env = env;
		this.#say = say;
	}

	get pid(): number | undefined {
		return this.runs ? this.#child?.pid : undefined;
	}
	get runs(): boolean {
		return this.state === "starting" || this.state === "up" || this.state === "paused";
	}

	/** Resolves once the node reports that it runs; rejects if it exits before. */
	async start(): Promise<void> {
		this.state = "starting";
		// A separate process group, so that Ctrl-C at the terminal reaches only the supervisor.
		const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--import", BOUND, START], {
			env: this.url === "" ? this.#env : { ...this.#env, PORT: new URL(this.url).port }, // a restarted gateway keeps its port
			stdio: ["ignore", "pipe", "pipe", "ipc"],
			detached: true,
		});
		this.#child = child;
		const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
		this.#gone = closed.then(() => this.#ended(child));
		await new Promise<void>((resolve, reject) => {
			void closed.then(() => reject(new Error(`${this.name} did not start`)));
			child.once("error", reject);
			this.#hear(child, () => {
				if (this.state === "starting") this.state = "up";
				resolve();
			});
		});
	}

	#hear({ stdout, stderr }: ChildProcess, started: () => void): void {
		for (const stream of [stdout, stderr])
			if (stream)
				createInterface({ input: stream }).on("line", (line) => {
					this.#say(this.name, line);
					const [told, url] = /^Vigie (?:listens on (\S+)|runs )/.exec(line) ?? [];
					if (url !== undefined) this.url = url;
					if (told !== undefined) started();
				});
	}
	#ended({ exitCode, signalCode }: ChildProcess): void {
		if (!this.runs) return;
		this.state = "ended";
		this.#say(this.name, `ended by itself (${exitCode ?? signalCode})`);
	}

	async kill(): Promise<void> {
		this.state = "killed";
		this.#child?.kill("SIGKILL");
		await this.#gone;
	}
	pause(): void {
		this.#child?.kill("SIGSTOP");
		this.state = "paused";
	}
	resume(): void {
		this.#child?.kill("SIGCONT");
		this.state = "up";
	}
	/** Stops the node after its work in progress; false if it had to be killed. */
	async leave(): Promise<boolean> {
		if (this.state === "paused") this.resume();
		this.state = "left";
		this.#child?.kill("SIGTERM");
		let late: NodeJS.Timeout | undefined;
		const patience = new Promise<"late">((resolve) => (late = setTimeout(resolve, LEAVE, "late")));
		const first = await Promise.race([this.#gone, patience]);
		clearTimeout(late);
		if (first !== "late") return true;
		await this.kill();
		return false;
	}
}
