/**
 * Process - one measured process: starts with a clean environment, is observed through /proc (so Linux only), stops on SIGTERM, and ends
 * with this process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

const stopMs = 30_000;
/** USER_HZ, the unit of the times in /proc: 100 on every Linux that Node supports. */
const ticksPerSecond = 100;
/** Variables that would change the product from its delivered state. */
const foreign = [
	"NATS_URL",
	"CLUSTER_KEY",
	"MONGO_URL",
	"PARTITIONS",
	"SERVICES",
	"METRICS",
	"METRICS_PORT",
	"NODE_ID",
	"LOG_LEVEL",
	"NODE_OPTIONS",
];

export const root = join(import.meta.dirname, "../..");
/** The environment of every measured process. */
export const environment = (): NodeJS.ProcessEnv => {
	const inherited = Object.entries(process.env).filter(([name]) => !foreign.includes(name));
	return { ...Object.fromEntries(inherited), NODE_ENV: "production" };
};

export interface Memory {
	/** Resident, now. */
	readonly rssMb: number;
	/** Resident, maximum. */
	readonly peakMb: number;
}

export class Process {
	readonly #child: ChildProcess;
	readonly #output: string;
	readonly #abandon = (): void => void this.#child.kill("SIGKILL");

	/** `output`: the file for its output. */
	constructor(args: readonly string[], settings: Readonly<Record<string, string>>, output: string) {
		const file = openSync(output, "a");
		this.#output = output;
		this.#child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
			cwd: root,
			env: { ...environment(), ...settings },
			stdio: ["ignore", file, file],
		});
		closeSync(file);
		process.once("exit", this.#abandon);
	}

	get ended(): boolean {
		return this.#child.exitCode !== null || this.#child.signalCode !== null;
	}

	/** The end of its output. */
	output(): string {
		return readFileSync(this.#output, "utf8").slice(-4_000);
	}

	/** CPU seconds of all its threads since the start. */
	cpuSeconds(): number {
		const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
		// The process name may contain spaces, so fields are counted from its closing parenthesis.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
	}

	memory(): Memory {
		const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
		const field = (name: string): number => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1_024);
		return { rssMb: field("VmRSS"), peakMb: field("VmHWM") };
	}

	/** Kills it without warning, like a power failure. */
	async kill(): Promise<void> {
		if (this.ended) return;
		const exit = once(this.#child, "exit");
		this.#child.kill("SIGKILL");
		await exit;
	}

	/** False if it had to be killed or did not end well. */
	async stop(): Promise<boolean> {
		if (!this.ended) {
			const exit = once(this.#child, "exit");
			const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMs);
			this.#child.kill("SIGTERM");
			await exit;
			clearTimeout(timer);
		}
		process.off("exit", this.#abandon);
		return this.#child.exitCode === 0 || this.#child.signalCode === "SIGTERM";
	}
}
