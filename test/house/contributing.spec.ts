/** CONTRIBUTING.md - the context that it adds is added to a copy of the code base, step by step: types, laws, pages, and a running system. */
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Folder } from "../support/folder.ts";
import { eventually, freePort } from "../support/system.ts";
import { bound, killed } from "../support/bound.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url).href);
const guide = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
const section = /^## Add a context\n([^]*?)^## /m.exec(guide)?.[1] ?? "";
const files = [...section.matchAll(/^```ts (\S+)\n([^]*?)^```$/gm)].map(([, path = "", text = ""]) => ({ path, text }));
const [auth = "", ...curls] = [...(/^```sh\n(auth=[^]*?)^```$/m.exec(section)?.[1]?.trim().split("\n") ?? [])];

describe("a context added as the guide says", () => {
	const folder = new Folder();
	const copy = folder.file("copy");
	const node = (...args: readonly string[]) => run(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { cwd: copy });
	beforeAll(() => {
		for (const part of ["cli", "demo", "docs", "jurisdictions", "mixins", "model", "node", "services", "store", "test", "bench"])
			cpSync(join(root, part), join(copy, part), { recursive: true });
		for (const file of [
			"moleculer.config.ts",
			"package.json",
			"tsconfig.json",
			"docker-compose.yml",
			"Dockerfile",
			".dockerignore",
			".gitignore",
			"jest.config.cjs",
			"README.md",
		])
			cpSync(join(root, file), join(copy, file));
		symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
		for (const { path, text } of files) {
			mkdirSync(dirname(join(copy, path)), { recursive: true });
			writeFileSync(join(copy, path), text);
		}
	});
	afterAll(() => folder.remove());

	it("consists of three files", () =>
		expect(files.map(({ path }) => path)).toEqual([
			"services/parking/context.ts",
			"services/parking/permit.service.ts",
			"services/parking/permits.service.ts",
		]));
	it("compiles", async () => void (await node("node_modules/typescript/bin/tsc", "-p", ".")), 120_000);
	it("appears in the reference and in the deployments", async () => {
		await node("cli/reference.ts");
		expect(readFileSync(join(copy, "docs/reference/commands.md"), "utf8")).toContain("Grants a permit.");
		expect(readFileSync(join(copy, "docker-compose.yml"), "utf8")).toContain("SERVICES: parking-queries");
		expect(readFileSync(join(copy, "docs/prometheus/prometheus.yml"), "utf8")).toContain("- parking-commands");
	});
	it("keeps the laws and the house rules without a test of its own", async () => {
		const jest = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--rootDir", ".", "--ci"];
		const { stderr } = await node(...jest, "test/services/laws.spec.ts", "test/house/looks", "test/house/borders", "test/house/compose");
		expect(stderr).toMatch(/^Tests: +\d+ passed, \d+ total$/m);
	}, 300_000);
	it("works as it is tried there", async () => {
		expect(curls).toHaveLength(3);
		const port = String(await freePort());
		const [file = process.execPath, ...args] = [...bound, process.execPath, "cli/start.ts"];
		const env = { ...process.env, PORT: port, DATA_DIR: folder.file("data"), SERVICES: "parking,identity,gateway" };
		const system = spawn(file, args, { cwd: copy, env, stdio: "ignore" });
		const shell = async (line: string): Promise<string> =>
			(
				await run("sh", [
					"-c",
					`${auth.replace("data/", `${folder.file("data")}/`)}\n${line.replaceAll("localhost:3000", `127.0.0.1:${port}`)}`,
				])
			).stdout;
		try {
			await eventually(async () => expect(await shell("curl -s localhost:3000/api/health/ready")).toContain('"status":"ready"'), 60_000);
			const [grant = "", one = "", list = ""] = curls;
			expect(JSON.parse(await shell(grant))).toMatchObject({ id: "p-1", version: 1 });
			await eventually(async () => expect(JSON.parse(await shell(one))).toMatchObject({ plate: "AB-123-CD", status: "granted" }));
			expect(JSON.parse(await shell(list))).toMatchObject({ total: 1 });
		} finally {
			await killed(system);
		}
	});
});
