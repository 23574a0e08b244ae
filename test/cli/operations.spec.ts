/** docs/operations.md: every command on the page runs as written beside a system under load. A command without a test fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { all } from "../../cli/es/commands.ts";
import { furnish, Load } from "../http/machine/machine.ts";
import { Folder } from "../support/folder.ts";
import { mongoServer, onPath } from "../support/mongo.ts";
import { es } from "../support/operator.ts";
import { eventually, freePort, System } from "../support/system.ts";

const root = fileURLToPath(new URL("../../", import.meta.url).href);
const page = readFileSync(`${root}docs/operations.md`, "utf8");
const LONG = 120_000;
const server = await mongoServer();
afterAll(() => server?.stop());

/** The beginnings of a command; a single word of ours counts too. */
const BEGINS =
	/^(npm|npx|node|nohup|sh|bash|docker|sqlite3|kill|chmod|chown|cp|mv|rm|curl|mongo\w*|tar|rsync|kubectl|systemctl|umask|export) /;
const OURS = /^es-[a-z]+$/;
/** The commands of a page: lines of its code blocks without comments, and texts in backticks. */
function commandsIn(text: string): string[] {
	const fences = [...text.matchAll(/^```(?:sh|bash|console)?\n([^]*?)^```/gm)].flatMap(([, lines = ""]) => lines.split("\n"));
	const inline = [...text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
	const commands = [...fences, ...inline].map((line) => line.replace(/\s+# .*/, "").trim());
	return [...new Set(commands.filter((line) => BEGINS.test(line) || OURS.test(line)))].toSorted();
}

let system: System;
let load: Load;
let heads: string;
const kept = new Folder();
beforeAll(async () => {
	system = await System.start();
	await furnish(system);
	(load = new Load(system)).begin();
	expect((await es(system.dataDir, ["heads", "--out", (heads = kept.file("heads.txt"))])).code).toBe(0);
	expect((await es(system.dataDir, ["backup", kept.file("backup")])).code).toBe(0);
}, LONG);
afterAll(async () => {
	await load.end();
	await system.dispose();
	kept.remove();
});

let place: Folder;
let child: ChildProcess | undefined;
beforeEach(() => void (place = new Folder()));
afterEach(() => {
	try {
		if (child?.pid) process.kill(-child.pid, "SIGKILL");
	} catch {
		// everything has ended, as expected
	}
	child = undefined;
	place.remove();
});

type Env = Readonly<Record<string, string>>;
/** Runs it in a shell, with test paths instead of those on the page. With `until`, it is stopped once that holds or was printed. */
async function typed(command: string, given: Env, env: Env, until?: RegExp | (() => Promise<void>)) {
	const { PATH = "" } = process.env;
	const line = Object.entries(given).reduce((text, [there, ours]) => text.replaceAll(there, ours), command);
	const settings = { PATH, HOME: place.path, PORT: "0", ...env };
	const shell = spawn("sh", ["-c", line], { cwd: root, env: settings, stdio: ["pipe", "pipe", "pipe"], detached: true });
	child = shell;
	let said = "";
	for (const stream of [shell.stdout, shell.stderr]) stream?.on("data", (chunk: Buffer) => (said += String(chunk)));
	const closed = once(shell, "close");
	if (until === undefined) shell.stdin.end();
	else {
		await eventually(until instanceof RegExp ? () => expect(said).toMatch(until) : until, 60_000);
		process.kill(-(shell.pid ?? 0), "SIGTERM");
	}
	await closed;
	return { code: shell.exitCode, said };
}
const beside = () => ({ DATA_DIR: system.dataDir });
const fresh = () => ({ DATA_DIR: place.file("data") });
const BACKUP = "/backups/2026-03-01";

/** The test of each command, as written on the page. */
const TRIED: Readonly<Record<string, (command: string) => Promise<void>>> = {
	"npm run es -- backup /backups/2026-03-01": async (command) => {
		expect(await typed(command, { [BACKUP]: place.file("backup") }, beside())).toMatchObject({ code: 0 });
		expect(readdirSync(place.file("backup"))).toContain("manifest.json");
	},
	"npm run es -- restore /backups/2026-03-01": async (command) => {
		expect(await typed(command, { [BACKUP]: kept.file("backup") }, fresh())).toMatchObject({ code: 0 });
	},
	"npm run es -- restore /backups/2026-03-01 --replace": async (command) => {
		for (let twice = 0; twice < 2; twice++)
			expect(await typed(command, { [BACKUP]: kept.file("backup") }, fresh())).toMatchObject({ code: 0 });
		expect(readdirSync(place.file("data")).filter((name) => name.startsWith("replaced-"))).toHaveLength(1);
	},
	"npm run es -- rewrap": async (command) =>
		expect(await typed(command, {}, beside())).toMatchObject({ code: 0, said: expect.stringContaining("0 keys are wrapped") }),
	"npm run es -- verify": async (command) => expect(await typed(command, {}, beside())).toMatchObject({ code: 0 }),
	"npm run es -- verify --rows": async (command) => expect(await typed(command, {}, beside())).toMatchObject({ code: 0 }),
	"npm run es -- verify --heads heads.txt": async (command) =>
		expect(await typed(command, { "heads.txt": heads }, beside())).toMatchObject({ code: 0 }),
	"npm run es -- lag": async (command) => expect((await typed(command, {}, beside())).said).toMatch(/^detections +radar:0 /m),
	"npm run repl -- --beside": async (command) =>
		expect(await typed(`echo es-lag | ${command}`, {}, beside())).toMatchObject({
			code: 0,
			said: expect.stringMatching(/^detections +radar:0 /m),
		}),
	"npm start": async (command) =>
		expect(await typed(command, {}, fresh(), /Vigie listens on/)).toMatchObject({ said: expect.stringContaining("Vigie has stopped") }),
	"npm start | head -1": async (command) => {
		const port = await freePort();
		const answers = async () => expect((await fetch(`http://127.0.0.1:${port}/api/health/live`)).status).toBe(200);
		await typed(command, {}, { ...fresh(), PORT: String(port), LOG_LEVEL: "info" }, async () => {
			await answers();
			await answers(); // the log had more lines meanwhile
		});
		await expect(answers()).rejects.toThrow("fetch failed");
	},
	"npm run move -- --from mongodb://localhost/vigie --to sqlite:./copy": async (command) => {
		const there = server?.place();
		if (!there) return; // skipped like every other test on MongoDB
		const other = await System.start({ MONGO_URL: there.url });
		try {
			await furnish(other);
			expect(await other.stop()).toBe(0);
			const given = { "mongodb://localhost/vigie": there.url, "./copy": place.file("copy") };
			expect(await typed(command, given, { DATA_DIR: other.dataDir })).toMatchObject({ code: 0 });
			expect((await es(place.file("copy"), ["backup", place.file("backup")])).code).toBe(0);
		} finally {
			await other.dispose();
			await there.remove();
		}
	},
	"npm run move": async (command) => expect((await typed(command, {}, fresh())).said).toMatch(/--from and --to are needed/),
	"npm run cluster": async (command) => {
		if (onPath("nats-server")) expect((await typed(command, {}, fresh(), /help lists/)).said).toContain("Vigie has stopped");
	},
};
/** Commands tested elsewhere, or not testable here, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
	"kill -9": "test/http/crash.spec.ts",
	"kill -CONT": "test/http/machine/held.spec.ts",
	"docker stop": "needs Docker",
	"npm run bench -- --only failover": "takes minutes",
	"docker compose up -d --no-deps --build --scale radar-commands=3 --no-recreate radar-commands": "needs Docker",
};

describe("docs/operations.md", () => {
	const found = commandsIn(page);
	it("has only tested commands, and every tested command is on the page", () => {
		const ours = new Set(all.map(({ name }) => String(name)));
		expect(found.filter((command) => OURS.test(command) && !ours.has(command))).toEqual([]);
		expect(found.filter((command) => !OURS.test(command))).toEqual([...Object.keys(TRIED), ...Object.keys(ELSEWHERE)].toSorted());
		expect(Object.values(ELSEWHERE).filter((path) => path.startsWith("test/") && !existsSync(`${root}${path}`))).toEqual([]);
	});
	it.each(Object.entries(TRIED))(
		"%s",
		async (command, act) => {
			await act(command);
			expect([...new Set([...load.answers.values()].map(({ status }) => status))]).toEqual([201]);
		},
		LONG,
	);
});
