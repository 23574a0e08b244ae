/** Holder - a child process that holds the write lock of an SQLite file: permanently, or only during its own frequent writes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const FOR_GOOD =
	'db.exec("BEGIN IMMEDIATE"); console.log("held"); process.stdin.resume(); process.stdin.on("end", () => { db.exec("ROLLBACK"); process.exit(0); });';
const WRITING = `db.exec("CREATE TABLE IF NOT EXISTS busy (n INTEGER)"); console.log("held"); process.stdin.resume(); process.stdin.on("end", () => process.exit(0));
	const hold = new Int32Array(new SharedArrayBuffer(4));
	const write = () => { db.exec("BEGIN IMMEDIATE; INSERT INTO busy VALUES (1)"); Atomics.wait(hold, 0, 0, 50); db.exec("COMMIT"); setTimeout(write, 20); };
	write();`;

export class Holder {
	readonly #child: ChildProcess;

	private constructor(child: ChildProcess) {
		this.#child = child;
	}
	static async of(file: string, writes = false): Promise<Holder> {
		const source = `const { DatabaseSync } = require("node:sqlite"); const db = new DatabaseSync(${JSON.stringify(file)}, { timeout: 10_000 }); ${writes ? WRITING : FOR_GOOD}`;
		const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "-e", source], { stdio: ["pipe", "pipe", "inherit"] });
		await once(child.stdout, "data");
		return new Holder(child);
	}
	get pid(): number {
		return this.#child.pid ?? 0;
	}
	/** Stops the process, as a debugger or a frozen machine does. */
	stop(): void {
		this.#child.kill("SIGSTOP");
	}
	/** Continues the stopped process, and lets it end. */
	async release(): Promise<void> {
		const gone = once(this.#child, "exit");
		this.#child.kill("SIGCONT");
		this.#child.stdin?.end();
		await gone;
	}
	async kill(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const gone = once(this.#child, "exit");
		this.#child.kill("SIGKILL");
		await gone;
	}
}
