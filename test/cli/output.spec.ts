/** Output: foreign text never controls a terminal, and a reader that goes away ends only its own command. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { escaped, jsonOf, shown } from "../../cli/common/output.ts";
import { reply, serve, type Service } from "../demo/service.ts";
import { Folder } from "../support/folder.ts";
import { Child, es, Repl } from "../support/operator.ts";
import { System, TOKEN } from "../support/system.ts";

const root = fileURLToPath(new URL("../../", import.meta.url).href);
/** Sets the title, clears the screen, moves up, colors, hides, reverses; a C1 control, a line separator, a tag. */
const HOSTILE = "x\u001b]0;owned\u0007\u001b[2J\u001b[1A\u001b[31m\u001b[8m\r\u009b2J\u202e\u2028\u200b\u{e0041}\u007fy";
const COMMANDS = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;
const COLOURS = { FORCE_COLOR: "1" };

describe("foreign text", () => {
	it("is shown without control sequences", () =>
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				expect(escaped(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
				expect(shown(`${text}${HOSTILE}`, process.stdout)).not.toMatch(COMMANDS);
				expect(jsonOf({ [text]: text })).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
				expect(JSON.parse(jsonOf({ text }))).toEqual({ text });
			}),
		));
	it("is unchanged if it has none", () => {
		const text = "Müller 北京 مرحبا 🚗 \\u001b";
		expect([escaped(text), shown(`${text}\n\tb`, process.stdout), jsonOf(text)]).toEqual([text, `${text}\n\tb`, JSON.stringify(text)]);
	});
});

describe("a name with control sequences", () => {
	let folder: Folder;
	let repl: Repl;
	/** As an earlier version may have accepted it, or as written into the file from outside. */
	beforeAll(async () => {
		folder = new Folder();
		const system = await System.start({}, { dataDir: folder.path });
		const radar = { id: "r-1", kind: "fixed", latitude: 48.7, longitude: 2.3 };
		expect((await system.post("/radars", { ...radar, name: "NAME" })).status).toBe(201);
		expect((await system.post("/radars/r-1/describe", { name: "NAME 2" })).status).toBe(200);
		await system.stop();
		const db = new DatabaseSync(folder.file("events.db"));
		db.prepare("UPDATE log_radar_0 SET body = replace(body, 'NAME', ?)").run(JSON.stringify(HOSTILE).slice(1, -1));
		db.close();
		repl = await Repl.open(folder.path, ["--beside"]);
	});
	afterAll(async () => {
		await repl.leave();
		folder.remove();
	});

	it("is escaped in the REPL, by our commands and by others", async () => {
		for (const line of ["es-history radar r-1", "es-state radar r-1", "call radar.state --id r-1"]) {
			const told = await repl.type(line);
			expect(told).toContain("owned");
			expect(told).not.toMatch(COMMANDS);
		}
		await repl.type(`call radar.history '{"id":"${HOSTILE.replaceAll(/\s/g, "")}"}'`); // in an error and its stack
		expect(repl.said).not.toMatch(COMMANDS);
	});
	it.each([{}, COLOURS])("is escaped by every operator command, with %j", async (env) => {
		for (const words of [
			"state radar r-1",
			"history radar r-1",
			"history radar r-1 --json",
			"diff radar r-1 1 2",
			"diff radar r-1 1 2 --json",
			"tail --from radar:0:0 --limit 1",
		]) {
			const { code, stdout, stderr } = await es(folder.path, words, env);
			expect([words, code, stdout.includes("owned"), stderr]).toEqual([words, 0, true, ""]);
			expect(stdout.replaceAll(/\u001b\[(1|2|22|32|31|33|39)m/g, "")).not.toMatch(COMMANDS);
			expect(stdout).not.toContain("\u001b[31m\u001b[8m");
		}
		const wrong = await es(folder.path, ["state", HOSTILE, HOSTILE], env);
		expect(wrong.code).toBe(2);
		expect(wrong.stderr.replaceAll(/\u001b\[(31|39)m/g, "")).not.toMatch(COMMANDS);
	});
});

describe("an import with control sequences in the file or the answer", () => {
	let service: Service;
	afterEach(() => service.stop());
	it("escapes them", async () => {
		const folder = new Folder();
		try {
			const errors = [{ line: 2, code: "RADAR_TYPE_UNKNOWN", detail: `no type ${HOSTILE}` }];
			service = await serve((_incoming, outgoing) => reply(outgoing, 200, { imported: 0, changed: 0, unchanged: 0, rejected: 1, errors }));
			writeFileSync(folder.file("radars.csv"), `id,type\n1,"${HOSTILE}"\n`);
			for (const env of [{}, COLOURS]) {
				const child = new Child("cli/import.ts", [folder.file("radars.csv"), "--url", service.url], folder.path, env);
				expect(await child.ended()).toBe(2);
				expect(child.stderr).toContain("RADAR_TYPE_UNKNOWN");
				expect(`${child.stdout}${child.stderr}`.replaceAll(/\u001b\[(31|39)m/g, "")).not.toMatch(COMMANDS);
			}
		} finally {
			folder.remove();
		}
	});
	it("goes to the port in PORT", async () => {
		const folder = new Folder();
		try {
			service = await serve((_incoming, outgoing) =>
				reply(outgoing, 200, { imported: 1, changed: 0, unchanged: 0, rejected: 0, errors: [] }),
			);
			writeFileSync(folder.file("radars.csv"), "id,type\n1,x\n");
			const child = new Child("cli/import.ts", [folder.file("radars.csv")], folder.path, { PORT: new URL(service.url).port });
			expect(await child.ended()).toBe(0);
		} finally {
			folder.remove();
		}
	});
});

describe("a reader that goes away", () => {
	let folder: Folder;
	let child: ChildProcess;
	beforeEach(() => void (folder = new Folder()));
	afterEach(() => {
		child.kill("SIGKILL");
		folder.remove();
	});
	/** Runs it until it prints this text, and reads no further, like `| head`; with `both`, stderr is closed too. Resolves to the line. */
	async function until(
		what: RegExp,
		file: string,
		words: readonly string[],
		env: Readonly<Record<string, string>> = {},
		both = false,
	): Promise<string> {
		const { PATH = "" } = process.env;
		const settings = { PATH, HOME: folder.path, PORT: "0", DATA_DIR: folder.path, ...env };
		child = spawn(process.execPath, [file, ...words], { cwd: root, env: settings, stdio: ["pipe", "pipe", "pipe"] });
		const { stdout, stderr } = child;
		if (!stdout || !stderr) throw new Error("it has both");
		if (!both) stderr.on("data", (chunk: Buffer) => (said += String(chunk)));
		for await (const line of createInterface({ input: stdout }))
			if (what.test(line)) {
				stdout.destroy();
				if (both) stderr.destroy();
				return line;
			}
		throw new Error(`not said: ${what}\n${said}`);
	}
	let said: string;
	beforeEach(() => void (said = ""));
	const ended = async (): Promise<unknown> => (child.exitCode ?? child.signalCode ?? (await once(child, "exit"))[0]) as unknown;

	it("does not end a node, which continues to log and stops gracefully", async () => {
		const line = await until(/Vigie listens on/, "cli/start.ts", [], { LOG_LEVEL: "trace" }, true);
		const url = line.replace(/.* on /, "");
		for (let asked = 0; asked < 20; asked++) expect((await fetch(`${url}/health/live`)).status).toBe(200);
		child.kill("SIGTERM");
		expect(await ended()).toBe(0);
	});

	it("ends es-tail silently", async () => {
		const system = await System.start({}, { dataDir: folder.path });
		try {
			const radar = { kind: "fixed", latitude: 48.7, longitude: 2.3 };
			for (let n = 0; n < 3; n++) await system.post("/radars", { id: `t-${n}`, ...radar });
			await until(/./, "cli/es.ts", ["tail", "--from", "radar:0:0"]);
			for (let n = 3; child.exitCode === null && n < 200; n++) await system.post("/radars", { id: `t-${n}`, ...radar });
			expect([await ended(), said]).toEqual([0, ""]);
		} finally {
			await system.dispose();
		}
	});

	it("ends the demo and removes its data, instead of leaving it running unseen", async () => {
		const system = await System.start();
		try {
			await until(/./, "cli/demo.ts", ["--detections", "50", "--url", `http://127.0.0.1:${system.port}/api`], { VIGIE_TOKEN: TOKEN });
			expect(await ended()).toBe(0);
			expect(said).not.toMatch(/EPIPE|^\s+at /m);
		} finally {
			await system.dispose();
		}
	});
});
