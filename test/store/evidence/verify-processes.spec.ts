/** VerifyProcesses - verification of a file while other processes write, sign and are killed finds no error (DESIGN §3, LAW 5). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openKeys } from "../../../store/evidence/keys.ts";
import { SqliteLogStore } from "../../../store/sqlite/log.ts";
import type { Verified } from "../../../store/evidence/verify.ts";
import { Folder } from "../../support/folder.ts";
import { verified } from "../../support/vault.ts";

const script = fileURLToPath(new URL("../../support/signing-writer.ts", import.meta.url).href);
let folder: Folder;
const children: ChildProcess[] = [];
beforeEach(() => {
	folder = new Folder();
});
afterEach(async () => {
	for (const child of children.splice(0)) child.kill("SIGKILL");
	folder.remove();
});

class Writing {
	done = 0;
	readonly others: string[] = [];
	readonly ended: Promise<string | number | null>;

	constructor(name: string, commands: number, killedAfter = Number.POSITIVE_INFINITY) {
		const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, folder.path, name, `${commands}`], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		children.push(child);
		const lines = createInterface({ input: child.stdout }).on("line", (line) => {
			if (!line.startsWith("done ")) return void this.others.push(line);
			if (++this.done === killedAfter) child.kill("SIGKILL");
		});
		const silent = new Promise((resolve) => lines.once("close", resolve));
		this.ended = new Promise((resolve) => child.once("exit", (code, signal) => void silent.then(() => resolve(signal ?? code))));
	}
}
/** A process that starts before the first head warns that there is none. */
const isUnexpected = (line: string): boolean => !line.endsWith("and no head: they are signed from here on");
/** Verifies as another process. */
async function looking<T>(look: (verify: () => Promise<Verified>) => Promise<T>): Promise<T> {
	const store = new SqliteLogStore(folder.file("events.db"));
	try {
		const [log] = await store.open("bank");
		if (!log) throw new Error("a log has at least one partition");
		return await look(async () => (await verified(log, openKeys(join(folder.path, "keys")).known)).end);
	} finally {
		await store.close();
	}
}

describe("a log that one process writes and signs", () => {
	it("is valid for another process at any moment", async () => {
		const writing = new Writing("steady", 6000);
		let over = false;
		const ended = writing.ended.finally(() => (over = true));
		await looking(async (verify) => {
			const seen = new Set<number>();
			while (!over) {
				const { findings, verified: commits } = await verify();
				expect(findings).toEqual([]);
				seen.add(commits);
			}
			expect(seen.size).toBeGreaterThan(3); // it grew meanwhile
			expect([await ended, writing.others]).toEqual([0, []]);
			expect(await verify()).toMatchObject({ verified: 6000, signed: 6000, findings: [] });
		});
	});

	it("is valid after every kill, and the next process resumes signing: a kill loses only the latest head", async () => {
		let signed = 0;
		for (const [round, killedAfter] of [1, 40, 1003, 2100, 3001].entries()) {
			const killed = new Writing(`killed${round}`, 1_000_000, killedAfter);
			expect(await killed.ended).toBe("SIGKILL");
			expect(killed.others.filter(isUnexpected)).toEqual([]);
			const after = await looking((verify) => verify());
			expect(after.findings).toEqual([]);
			expect(after.signed).toBeGreaterThanOrEqual(signed);
			expect(after.verified - after.signed).toBeLessThan(2000); // the commits of one head, and those in progress
			signed = after.signed;
		}
		expect(signed).toBeGreaterThan(4000);
		const last = new Writing("last", 0);
		expect([await last.ended, last.others]).toEqual([0, []]);
		const end = await looking((verify) => verify());
		expect([end.findings, end.verified - end.signed]).toEqual([[], 0]);
	});

	it("is valid if two processes write and sign it at once with one key", async () => {
		await looking((verify) => verify()); // the file exists
		const both = [new Writing("one", 2500), new Writing("other", 2500)];
		for (const { ended, others } of both) expect([await ended, others.filter(isUnexpected)]).toEqual([0, []]);
		expect(await looking((verify) => verify())).toMatchObject({ verified: 5000, signed: 5000, findings: [] });
	});
});
