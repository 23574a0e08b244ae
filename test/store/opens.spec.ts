/** Opens - many processes open the same files at once: new files, files that another process is closing, and files of a killed process. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, watch, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { openDatabase } from "../../store/sqlite/file.ts";
import { Folder } from "../support/folder.ts";

const PROCESSES = 6;
const LONG = 120_000;
const script = fileURLToPath(new URL("../support/opener.ts", import.meta.url).href);

class Opener {
	readonly #child: ChildProcess = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	readonly #lines = createInterface({ input: this.#child.stdout ?? process.stdin })[Symbol.asyncIterator]();

	async said(): Promise<string> {
		return String((await this.#lines.next()).value);
	}
	ask(way: string, folder: string): void {
		this.#child.stdin?.write(`${way} ${folder}\n`);
	}
	async end(): Promise<void> {
		const ended = once(this.#child, "exit");
		this.#child.stdin?.end();
		await ended;
	}
}

let folder: Folder;
let openers: Opener[];
beforeEach(async () => {
	folder = new Folder();
	openers = Array.from({ length: PROCESSES }, () => new Opener());
	for (const opener of openers) expect(await opener.said()).toBe("ready");
});
afterEach(async () => {
	await Promise.all(openers.map((opener) => opener.end()));
	folder.remove();
});

/** Lets all processes open at the same time, repeatedly, each time in a new folder; returns their answers. */
async function said(way: string, times: number, prepare: (folder: string) => void = () => undefined): Promise<string[]> {
	const all: string[] = [];
	for (let round = 0; round < times; round++) {
		const place = folder.file(String(round));
		mkdirSync(place);
		prepare(place);
		for (const opener of openers) opener.ask(way, place);
		all.push(...(await Promise.all(openers.map((opener) => opener.said()))));
	}
	return all;
}
const opened = (times: number): string[] => Array.from({ length: times * PROCESSES }, () => "opened");

describe("many processes on the same file", () => {
	it("all open a file that did not exist", async () => expect(await said("once", 60)).toEqual(opened(60)), LONG);
	it("all open it while others close it and remove its side files", async () => expect(await said("often", 10)).toEqual(opened(10)), LONG);
	it(
		"all open both new stores, and leave no side files",
		async () => {
			expect(await said("stores", 8)).toEqual(opened(8));
			// two processes that close at once may both leave the side files to the other; the next one that closes alone removes them
			for (let round = 0; round < 8; round++) {
				openers[0]?.ask("stores", folder.file(String(round)));
				expect(await openers[0]?.said()).toBe("opened");
			}
			for (let round = 0; round < 8; round++) expect(readdirSync(folder.file(String(round))).toSorted()).toEqual(["events.db", "rows.db"]);
		},
		LONG,
	);
	it(
		"all open the files of a killed process",
		async () => {
			const killed = (place: string): void => {
				const source = `const { openDatabase } = await import(${JSON.stringify(new URL("../../store/sqlite/file.ts", import.meta.url).href)});
				openDatabase(${JSON.stringify(`${place}/events.db`)}, "FULL").exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('one')");
				process.kill(process.pid, "SIGKILL");`;
				expect(spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", source]).signal).toBe(
					"SIGKILL",
				);
				expect(readdirSync(place)).toContain("events.db-wal");
			};
			expect(await said("once", 10, killed)).toEqual(opened(10));
		},
		LONG,
	);
});

describe("a new file", () => {
	it("is created without a journal file, which a kill would leave for the next start to roll back", async () => {
		const seen = new Set<string>();
		const watcher = watch(folder.path, (_event, name) => void seen.add(String(name)));
		openDatabase(folder.file("events.db"), "FULL").close();
		writeFileSync(folder.file("last"), "");
		while (!seen.has("last")) await once(watcher, "change");
		watcher.close();
		expect([...seen].filter((name) => name.endsWith("-journal"))).toEqual([]);
	});
});
