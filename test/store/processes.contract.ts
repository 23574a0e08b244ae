/** ProcessesContract - several processes on one log, some of them killed: the log stays consistent on every store (DESIGN §3, LAW 1-5). */
import { describe, expect, it } from "@jest/globals";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { decode } from "../../store/codec.ts";
import type { Commit } from "../../store/log.ts";
import { storeAt } from "../support/appender-store.ts";
import { everything, flawOf } from "../support/commits.ts";

/** The store that the processes of one test share: a file or a URL. */
export interface Meeting {
	readonly address: string;
	remove(): void | Promise<void>;
}

const script = fileURLToPath(new URL("../support/appender.ts", import.meta.url).href);

/** A child process and its output. */
class Appender {
	readonly lines: string[] = [];
	readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
	readonly #child: ChildProcess;
	errors = "";

	constructor(address: string, name: string, commands: number, killedAfter = Number.POSITIVE_INFINITY) {
		const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, address, name, `${commands}`], {
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.#child = child;
		child.stderr.on("data", (chunk: Buffer) => (this.errors += chunk));
		const heard = createInterface({ input: child.stdout }).on("line", (line) => {
			this.lines.push(line);
			if (this.lines.length === killedAfter) child.kill("SIGKILL");
		});
		const silent = new Promise((resolve) => heard.once("close", resolve));
		this.ended = new Promise((resolve) => child.once("exit", (code, signal) => void silent.then(() => resolve({ code, signal }))));
	}
	/** Command id, account, position and version of each acknowledged command. */
	get done(): { readonly commandId: string; readonly id: string; readonly position: string; readonly version: number }[] {
		return this.lines
			.map((line) => line.split(" "))
			.filter(([word, ...rest]) => word === "done" && rest.length === 4)
			.map(([, commandId = "", id = "", position = "", version = ""]) => ({ commandId, id, position, version: Number(version) }));
	}
	end(): void {
		this.#child.kill("SIGKILL");
	}
}

async function logIn(address: string): Promise<Commit[]> {
	const store = storeAt(address);
	const [log] = await store.open("bank");
	const commits = log ? await everything(log) : [];
	await store.close();
	return commits;
}

function check(commits: readonly Commit[], appenders: readonly Appender[]): void {
	expect(flawOf(commits)).toBeNull();
	const ids = commits.map((commit) => decode(commit).command.id);
	expect(new Set(ids).size).toBe(ids.length);
	for (const { commandId, id, position, version } of appenders.flatMap(({ done }) => done)) {
		const commit = commits[ids.indexOf(commandId)];
		expect([commandId, `account-${id}`, position, version]).toEqual([
			commandId,
			commit?.stream,
			`bank:0:${commit?.position}`,
			commit && commit.version + decode(commit).facts.length,
		]);
	}
	const balances = new Map<string, number>();
	for (const commit of commits)
		for (const { type, data } of decode(commit).facts) {
			const { amount = 0 } = data as { amount?: number }; // our own facts
			const balance = (balances.get(commit.stream) ?? 0) + (type === "account.withdrawn" ? -amount : amount);
			expect(balance).toBeGreaterThanOrEqual(0);
			balances.set(commit.stream, balance);
		}
}

export function processesContract(name: string, meet: () => Meeting): void {
	describe(`several processes on one log of ${name}`, () => {
		const together = async (run: (address: string, start: (...args: readonly [string, number, number?]) => Appender) => Promise<void>) => {
			const place = meet();
			const { address } = place;
			const appenders: Appender[] = [];
			try {
				await run(address, (name, commands, killedAfter) => {
					const appender = new Appender(address, name, commands, killedAfter);
					appenders.push(appender);
					return appender;
				});
				check(await logIn(address), appenders);
			} finally {
				for (const appender of appenders) appender.end();
				await Promise.all(appenders.map(({ ended }) => ended));
				await place.remove();
			}
		};

		it.each([2, 3])("write one log, with %d of them started at once on a new store", (count) =>
			together(async (address, start) => {
				const all = Array.from({ length: count }, (_, i) => start(`p${i}`, 120));
				for (const appender of all) expect([await appender.ended, appender.errors]).toEqual([{ code: 0, signal: null }, ""]);
				const commits = await logIn(address);
				expect(commits).toHaveLength(all.flatMap(({ done }) => done).length);
				for (const { done } of all) expect(done.length).toBeGreaterThan(50);
			}),
		);

		it("lose and duplicate no acknowledged commit when they are killed", () =>
			together(async (_address, start) => {
				const steady = start("steady", 250);
				for (const [round, killedAfter] of [3, 17, 40, 9].entries()) {
					const killed = start(`killed${round}`, 10_000, killedAfter);
					expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
				}
				const last = start("last", 60);
				for (const appender of [steady, last]) expect([await appender.ended, appender.errors]).toEqual([{ code: 0, signal: null }, ""]);
			}));

		it("repeat the answer to a command after the process that handled it was killed", () =>
			together(async (address, start) => {
				const killed = start("same", 10_000, 30);
				await killed.ended;
				const before = await logIn(address);
				const again = start("same", 60);
				expect([await again.ended, again.errors]).toEqual([{ code: 0, signal: null }, ""]);
				const told = new Map(again.done.map(({ commandId, position }) => [commandId, position]));
				for (const commit of before) {
					const { id } = decode(commit).command;
					if (Number(id.split("/")[1]) < 60) expect([id, told.get(id)]).toEqual([id, `bank:0:${commit.position}`]);
				}
			}));
	});
}
