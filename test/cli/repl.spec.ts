/** The REPL through its stdin: the operator commands in a system of its own, and beside a running one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { Folder } from "../support/folder.ts";
import { Child, Repl } from "../support/operator.ts";
import { eventually } from "../support/system.ts";

const radar = { id: "A6-1", kind: "fixed", latitude: 48.7, longitude: 2.3, limits: { lightKmh: 110 } };

describe("the REPL", () => {
	let folder: Folder;
	let repl: Repl;
	beforeAll(async () => {
		folder = new Folder();
		repl = await Repl.open(folder.path);
		await repl.type(`call radar.install '${JSON.stringify(radar)}'`);
	});
	afterAll(async () => {
		await repl.leave();
		folder.remove();
	});

	it("contains the system: our commands show the effect of a built-in one", async () =>
		expect(await repl.type("es-history radar A6-1")).toMatch(
			/^radar A6-1: 1 fact in 1 decision\n.*\n +1 {2}\S+ {2}radar:0:1 .* radar.installed /,
		));
	it("gives JSON to scripts", async () => {
		const told = await repl.type("es-state radar A6-1 --json");
		expect(JSON.parse(told)).toMatchObject({ service: "radar", id: "A6-1", version: 1 });
	});
	it("keeps no state between lines", async () => {
		await repl.type("es-state radar A6-1 --at 1 --json");
		expect(await repl.type("es-state radar A6-1")).toMatch(/^radar A6-1 at version 1/);
	});
	it("continues after a refusal and after wrong usage, with one line each", async () => {
		await repl.type("es-state radar A6-9");
		await repl.type("es-state radar A6-1 --bogus");
		await repl.type("es-state radar A6-1 --at");
		await eventually(() => expect(repl.said).toContain("\n--at needs <instant|version>\n"));
		expect(repl.said).toContain("RADAR_UNKNOWN: There is no radar A6-9; there is A6-1\n");
		expect(repl.said).toContain("there is no option --bogus; there are --at, --json\n");
		expect(repl.said).not.toMatch(/\n {4}at /);
		expect(await repl.type("es-parked")).toBe("nothing is parked in case-opening\n");
	});
	it("parses quoted words as one", async () => {
		await repl.type('es-parked drop case-opening d-1 --reason "seen twice"');
		await eventually(() => expect(repl.said).toContain("WORK_NOT_PARKED: case-opening has nothing parked under d-1\n"));
	});
	it("explains each command with an example", async () => {
		const told = await repl.type("help es-rebuild");
		expect(told).toContain("es-rebuild [options] <read-model>");
		expect(told).toContain("e.g. es-rebuild radars");
	});
	it("shows facts as they become visible", async () => {
		repl.send("es-tail --limit 1");
		let tries = 0;
		await eventually(async () => {
			repl.send(`call radar.describe '${JSON.stringify({ id: "A6-1", name: `N${++tries}` })}'`); // until the tail has started
			expect(repl.said).toMatch(/\S+Z {2}radar:0:\d+ {2}radar.described {2}radar A6-1 v\d+ {2}/);
		});
	});
	it("can also be opened beside it, as an observer", async () => {
		const beside = await Repl.open(folder.path, ["--beside"]);
		expect(await beside.type("es-state radar A6-1 --at 1 --json")).toContain('"position":"radar:0:1"');
		expect(await beside.type("es-verify --json")).toContain('{"ok":true,');
		expect(await beside.leave()).toBe(0);
	});
	it("stops the system at its end", async () => expect(await repl.leave()).toBe(0));
});

describe("a REPL that reads from a pipe", () => {
	let folder: Folder;
	beforeEach(() => void (folder = new Folder()));
	afterEach(() => folder.remove());
	/** In a home that is not writable. */
	async function piped(
		...lines: readonly string[]
	): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
		const child = new Child("cli/repl.ts", [], folder.path, { HOME: "/nonexistent", LOG_LEVEL: "warn" });
		child.type(lines.map((line) => `${line}\n`).join(""));
		const code = await child.ended();
		return { code, stdout: child.stdout, stderr: child.stderr };
	}
	const install = `call radar.install '${JSON.stringify(radar)}'`;

	it("runs each line after the previous one, and all of them before it ends", async () => {
		const { code, stdout, stderr } = await piped(install, "es-state radar A6-1 --json", "es-verify --json", "es-rebuild radars --json");
		expect({ code, found: stdout.match(/^(?:vigie \$ )*\{"(service|ok|readModel)":/gm)?.length }).toEqual({ code: 0, found: 3 });
		expect(stdout.indexOf('{"service":')).toBeLessThan(stdout.indexOf('{"ok":true'));
		expect(stderr).not.toMatch(/RROR|^\s+at /m);
	});
	it("continues to read while es-tail shows facts, and ends with it", async () => {
		const { code, stdout } = await piped("es-tail --limit 1 --json --from radar:0:0", install);
		expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('"type":"radar.installed"') });
	});
	it.each([["quit"], ["es-lag", "quit", "es-lag"], ["exit"], [".exit"], []])("ends cleanly at %j %j %j", async (...lines) => {
		const { code, stdout, stderr } = await piped(...lines);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).not.toMatch(/undefined|RROR|history|\u001b/);
	});
});
