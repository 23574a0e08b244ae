/** The scripts of package.json as run by an operator: each explains itself, and its processes end with npm, gracefully and once. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Folder } from "../support/folder.ts";
import { onPath } from "../support/mongo.ts";
import { eventually } from "../support/system.ts";

const root = fileURLToPath(new URL("../../", import.meta.url).href);
const LONG = 120_000;

let folder: Folder;
let child: ChildProcess;
let said: string;
beforeEach(() => void ((folder = new Folder()), (said = "")));
afterEach(async () => {
	for (const pid of [...processes(), child.pid ?? 0]) killed(pid);
	await eventually(() => expect(processes()).toEqual([]));
	folder.remove();
});
function killed(pid: number): void {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// already gone
	}
}

/** Runs npm in its own process group, as a shell does on a terminal. */
function npm(words: readonly string[], command: readonly string[] = []): void {
	const { PATH = "" } = process.env;
	const [file = "", ...args] = [...command, "npm", "run", ...words];
	const env = { PATH, HOME: folder.path, PORT: "0", DATA_DIR: folder.file("data"), npm_config_update_notifier: "false" };
	child = spawn(file, args, { cwd: root, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
	for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += String(chunk)));
}
const saying = (what: RegExp): Promise<void> => eventually(() => expect(said).toMatch(what), 60_000);
const ended = async (): Promise<unknown> => {
	if (child.exitCode === null && child.signalCode === null) await once(child, "close");
	return child.exitCode ?? child.signalCode;
};
/** All of our processes that use this folder, also orphaned ones, but not npm itself. */
function processes(): number[] {
	return readdirSync("/proc")
		.filter((name) => {
			try {
				const words = readFileSync(join("/proc", name, "cmdline"), "utf8").split("\0");
				return (
					words.some((word) => /cli\/\w+\.ts$/.test(word)) && readFileSync(join("/proc", name, "environ"), "utf8").includes(folder.path)
				);
			} catch {
				return false; // not a process, or already gone
			}
		})
		.map(Number);
}

describe("npm run", () => {
	it.each(["start", "cluster", "demo", "import", "move", "repl", "bench", "es"])(
		"%s -- --help explains it, and starts nothing",
		async (script) => {
			npm(["-s", script, "--", "--help"]);
			expect(await ended()).toBe(0);
			expect(said).toMatch(new RegExp(`^Usage: npm (run )?${script}\\b`));
			expect(existsSync(folder.file("data"))).toBe(false);
		},
	);
	it.each(["start", "cluster", "demo", "import", "move", "repl", "es"])("%s refuses an unknown word with one line", async (script) => {
		npm(["-s", script, "--", "--nonsense"]);
		expect([1, 2]).toContain(await ended());
		expect(said).toMatch(/nonsense/);
		expect(said).not.toMatch(/^\s+at /m);
	});
});

const onLinux = existsSync("/proc/self/environ") ? describe : describe.skip;
onLinux("what npm has started", () => {
	it(
		"stops gracefully when npm gets a signal, and npm waits for it",
		async () => {
			npm(["start"]);
			await saying(/Vigie listens on/);
			child.kill("SIGTERM");
			await ended();
			expect(processes()).toEqual([]);
			expect(said).toMatch(/Vigie has stopped\n/);
		},
		LONG,
	);
	it(
		"stops gracefully when npm is killed",
		async () => {
			npm(["start"]);
			await saying(/Vigie listens on/);
			child.kill("SIGKILL");
			await eventually(() => expect(processes()).toEqual([]), 30_000);
			await saying(/Vigie has stopped\n/);
		},
		LONG,
	);
	it.each(["SIGINT", "SIGTERM"] as const)(
		"handles a %s once that both it and npm receive",
		async (signal) => {
			npm(["start"]);
			await saying(/Vigie listens on/);
			process.kill(-(child.pid ?? 0), signal);
			await ended();
			expect(said).toMatch(/Vigie has stopped\n/);
			expect(said).not.toMatch(/again|EPIPE/);
		},
		LONG,
	);
	it(
		"ends with its terminal, unless it was started to outlive it",
		async () => {
			npm(["start"], ["nohup"]);
			await saying(/Vigie listens on/);
			const [pid = 0] = processes();
			process.kill(pid, "SIGHUP");
			const url = /Vigie listens on (\S+)/.exec(said)?.[1] ?? "";
			expect((await fetch(`${url}/health/live`)).status).toBe(200);
			child.kill("SIGTERM");
			await ended();
			npm(["start"]);
			said = "";
			await saying(/Vigie listens on/);
			process.kill(processes()[0] ?? 0, "SIGHUP");
			await ended();
			expect(said).toMatch(/Vigie has stopped\n/);
		},
		LONG,
	);
	it(
		"ends with npm also as an observer",
		async () => {
			npm(["start"]);
			await saying(/Vigie listens on/);
			const first = child;
			said = "";
			npm(["es", "--", "tail"]);
			await eventually(() => expect(processes()).toHaveLength(2), 30_000);
			child.kill("SIGTERM");
			await ended();
			expect(processes()).toHaveLength(1);
			first.kill("SIGTERM");
			child = first;
			await ended();
		},
		LONG,
	);

	(onPath("nats-server") ? it : it.skip).each(["SIGTERM", "SIGKILL"] as const)(
		"as a cluster leaves no process when npm gets a %s",
		async (signal) => {
			npm(["cluster", "--", "--nodes", "commands=1,queries=1,gateway=1"]);
			await saying(/help lists/);
			expect(processes()).toHaveLength(4);
			child.kill(signal);
			await ended();
			await eventually(() => expect(processes()).toEqual([]), 30_000);
			expect(said.match(/Vigie has stopped/g)).toHaveLength(3);
		},
		LONG,
	);
});
