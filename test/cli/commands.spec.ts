/** The table of operator commands: each is complete, parses its words strictly, and gives the same answer as text and as JSON. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { helpOf, optionsOf, parsed, UsageError, usageOf } from "../../cli/es/command.ts";
import { commandNamed, commands } from "../../cli/es/commands.ts";
import { run } from "../../cli/es/run.ts";
import type { System } from "../../cli/es/system.ts";

const AT = "2026-03-01T08:15:00.000Z";
const named = (name: string) => {
	const command = commandNamed(name);
	if (!command) throw new Error(`there is no command ${name}`);
	return command;
};
/** Splits a line as a shell does. */
const wordsOf = (line: string): string[] => [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);

describe.each(commands.map((command) => [command.name, command] as const))("%s", (name, command) => {
	it("has an example that it can parse itself", () => {
		const [first, ...words] = wordsOf(command.example);
		expect(first).toBe(name);
		expect(() => parsed(command, words)).not.toThrow();
	});
	it("has a help text that names every argument and every option", () => {
		const help = helpOf(command, "npm run es -- ");
		expect(help.split("\n")[0]).toBe(`Usage: npm run es -- ${usageOf(command).slice("es-".length)}`);
		for (const option of Object.keys(optionsOf(command))) expect(help).toMatch(new RegExp(`^ {2}--${option} .*\\S$`, "m"));
		expect(help).toContain(`For example: npm run es -- ${command.example.slice("es-".length)}`);
	});
	it("accepts --json", () => expect(Object.keys(optionsOf(command))).toContain("json"));
	it("is found by both its names", () => expect([commandNamed(name), commandNamed(name.slice("es-".length))]).toEqual([command, command]));
	it("refuses an unknown option", () => {
		const words = command.args.filter(({ optional }) => !optional).map(({ name: word }) => word);
		expect(() => parsed(command, [...words, "--nonsense"])).toThrow(
			new UsageError(
				`there is no option --nonsense; there are ${Object.keys(optionsOf(command))
					.map((option) => `--${option}`)
					.join(", ")}`,
			),
		);
	});
});

it("no command has the name of a built-in command of Moleculer's REPL", () => {
	const taken: string[] = [];
	const recorder: unknown = new Proxy(() => recorder, {
		get: (_target, method) =>
			method === "then"
				? undefined
				: (word: unknown) => {
						if ((method === "command" || method === "alias") && typeof word === "string") taken.push(word.split(" ")[0] ?? "");
						return recorder;
					},
	});
	createRequire(import.meta.url)("moleculer-repl/src/commands/index.js")(recorder, {});
	expect(taken).toEqual(expect.arrayContaining(["call", "nodes", "services", "info", "bench", "metrics"]));
	expect(commands.map(({ name }) => name).filter((name) => taken.includes(name))).toEqual([]);
});

describe("wrong words are refused with one line:", () => {
	it.each([
		["es-state", ["radar"], "<id> is missing"],
		["es-state", [], "<service> is missing"],
		["es-state", ["radar", "A6-1", "A6-2"], '"A6-2" is one word too many'],
		["es-state", ["radar", "A6-1", "--at"], "--at needs <instant|version>"],
		["es-state", ["radar", "A6-1", "--at", "--json"], "--at needs <instant|version>"],
		["es-state", ["radar", "A6-1", "--json=yes"], "--json takes no value"],
		["es-tail", ["now"], '"now" is one word too many'],
	])("%s %j: %s", (name, words, complaint) => expect(() => parsed(named(name), words)).toThrow(new UsageError(complaint)));
	it("a list argument accepts many words", () =>
		expect(parsed(named("es-verify"), ["radar", "infraction"]).args).toEqual(["radar", "infraction"]));
	it("words after -- are not options", () => expect(parsed(named("es-state"), ["radar", "--", "--at"]).args).toEqual(["radar", "--at"]));
});

/** The answers of a fake system. */
const services = [
	{ name: "radar", metadata: { facts: ["radar.installed"] }, actions: { "radar.state": {}, "radar.history": {} } },
	{
		name: "radars",
		metadata: { follows: ["radar"] },
		actions: { "radars.health": {}, "radars.lag": {}, "radars.rebuild": {}, "radars.list": { note: { of: "radar" } } },
	},
	{
		name: "case-opening",
		metadata: { follows: ["radar"] },
		actions: { "case-opening.health": {}, "case-opening.lag": {}, "case-opening.parked": {} },
	},
	{
		name: "radar-log",
		actions: { "radar-log.live": {}, "radar-log.verify": {}, "radar-log.foreign": {}, "radar-log.heads": {}, "radar-log.keys": {} },
	},
];
const place = { partition: "radar:0", position: 7, tail: 9, behind: 2, seconds: 1.5 };
const rows = [
	{
		position: "radar:0:1",
		version: 1,
		at: AT,
		by: "a test",
		command: { name: "install", id: "c-1" },
		facts: [{ type: "radar.installed", data: {} }],
	},
];
const difference = { id: "A6-1", before: { kind: "fixed", detections: 1 }, after: { kind: "fixed", detections: 2 } };
const switched = { phase: "switched", generation: 2, rows: 1, differing: 1, differences: [difference], sameCode: true };
const answers: Readonly<Record<string, () => unknown>> = {
	"$node.services": () => services,
	"radar.state": () => ({ id: "A6-1", version: 1, position: "radar:0:1", at: AT, state: { status: "installed" } }),
	"radar.history": () => ({ id: "A6-1", version: 1, rows, next: null }),
	"radars.health": () => ({ name: "radars", ready: false, reason: "radars has stopped after radar:0:7: a bug" }),
	"case-opening.health": () => ({ name: "case-opening", ready: true }),
	"radars.lag": () => ({ places: [place] }),
	"case-opening.lag": () => ({ places: [{ ...place, position: 9, behind: 0, seconds: 0 }] }),
	"radars.rebuild": () => Readable.from([{ phase: "building", done: 1, total: 2, rate: 3, throttled: false }, switched]),
	"radar-log.live": () => ({
		before: "radar:0:0",
		after: "radar:0:1",
		unreadable: null,
		facts: [
			{
				partition: "radar:0",
				position: 1,
				part: null,
				service: "radar",
				id: "A6-1",
				version: 1,
				at: AT,
				by: "a test",
				type: "radar.installed",
				data: {},
			},
		],
	}),
	"radar-log.foreign": () => ["the trigger t in events.db"],
	"radar-log.verify": () =>
		Readable.from([
			{ log: "radar:0", position: 9, tail: 9 },
			{
				log: "radar:0",
				verified: 9,
				heads: 1,
				signed: 4,
				findings: [{ log: "radar:0", position: 5, code: "CHANGED_COMMIT", detail: "its body" }],
			},
		]),
	"radar-log.backup": () =>
		Readable.from([{ phase: "copying", done: 1, total: 2 }, { logs: [{ log: "radar:0", commits: 9, hash: "x", heads: 1, signed: 9 }] }]),
	"radar-log.heads": () => [],
	"radar-log.rewrap": () => ({ rewrapped: 3 }),
	"radar-log.keys": () => [{ id: "0123456789abcdef", publicKey: "MCow" }],
	"case-opening.parked": () => ({
		rows: [{ id: "d-1", action: "infraction.open", code: "COURT_CLOSED", detail: "closed", attempts: 1, cause: "radar:0:4", at: AT }],
		next: null,
	}),
};
const system: System = { call: <T>(action: string) => Promise.resolve(answers[action]?.() as T) };

/** Of 250 decisions with two facts each. */
const longHistory: System = {
	call: async <T>(action: string, params: object = {}) => {
		if (action === "$node.services") return services as T;
		const { after = "0", pageSize } = params as { readonly after?: string; readonly pageSize: number };
		const from = Number(after);
		const decisions = Array.from({ length: Math.min(pageSize, 250 - from) }, (_, n) => ({
			...rows[0],
			version: 2 * (from + n + 1),
			facts: [
				{ type: "radar.described", data: from + n },
				{ type: "radar.relocated", data: from + n },
			],
		}));
		const to = from + decisions.length;
		return { id: "A6-1", version: 2 * to, rows: decisions, next: to < 250 ? `${to}` : null } as T;
	},
};

describe("an answer", () => {
	let stdout = "";
	let stderr = "";
	const into = (take: (text: string) => void) => (text: string | Uint8Array) => (take(String(text)), true);
	beforeEach(() => {
		[stdout, stderr] = ["", ""];
		jest.spyOn(process.stdout, "write").mockImplementation(into((text) => (stdout += text)));
		jest.spyOn(process.stderr, "write").mockImplementation(into((text) => (stderr += text)));
	});
	afterEach(() => void jest.restoreAllMocks());
	const tell = async (line: string, of = system) => {
		const [name = "", ...words] = wordsOf(line);
		return run(named(name), words, of, new AbortController().signal);
	};
	const lines = [
		"es-state radar A6-1",
		"es-history radar A6-1",
		"es-diff radar A6-1 1 1",
		"es-tail --limit 1",
		"es-lag",
		"es-parked",
		"es-verify",
		"es-heads",
		"es-rebuild radars",
		"es-backup /backups/today",
		"es-rewrap",
	];

	it("is tested for every command below", () => expect(lines.map((line) => line.split(" ")[0])).toEqual(commands.map(({ name }) => name)));
	it.each(lines)("of %s --json is one line of JSON", async (line) => {
		await tell(`${line} --json`);
		expect(stdout.split("\n")).toHaveLength(2);
		expect(() => JSON.parse(stdout) as unknown).not.toThrow();
	});
	it.each(lines)("of %s is text without colors if there is no terminal", async (line) => {
		await tell(line);
		expect(stdout.trim()).not.toBe("");
		expect(() => JSON.parse(stdout) as unknown).toThrow();
		expect(stdout + stderr).not.toContain("\x1b[");
	});
	it.each([
		["es-state radar A6-1", 0],
		["es-lag", 1],
		["es-lag --most 1", 1],
		["es-parked", 1],
		["es-verify", 1],
		["es-rebuild radars", 1],
		["es-state radio A6-1", 2],
		["es-rebuild radar", 2],
		["es-tail --types radar.uninstalled", 2],
		["es-lag --most soon", 2],
		["es-parked show case-opening", 2],
		["es-parked drop case-opening d-1", 2],
		["es-parked list case-opening --reason none", 2],
		["es-parked give", 2],
	])("of %s exits with %i", async (line, code) => expect(await tell(line)).toBe(code));

	it("of es-history comes page by page if it is long, with a line of JSON each", async () => {
		expect(await tell("es-history radar A6-1 --json", longHistory)).toBe(0);
		const pages = stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line) as { readonly version: number; readonly rows: readonly unknown[] });
		expect(pages.map(({ version, rows: own }) => [version, own.length])).toEqual([
			[200, 100],
			[400, 100],
			[500, 50],
		]);
	});
	it("of es-history has a heading on each page", async () => {
		await tell("es-history radar A6-1", longHistory);
		expect(stdout.split("\n").filter((line) => line.startsWith("radar A6-1"))).toEqual([
			"radar A6-1: 200 facts in 100 decisions, and more",
			"radar A6-1 after version 200: 200 facts in 100 decisions, and more",
			"radar A6-1 after version 400: 100 facts in 50 decisions",
		]);
	});
	it("of es-lag names stopped followers and the reason", async () => {
		await tell("es-lag");
		expect(stdout).toContain("stopped radars: radars has stopped after radar:0:7: a bug");
	});
	it("of es-verify names the commit", async () => {
		await tell("es-verify");
		expect(stdout).toContain("CHANGED_COMMIT at radar:0:5: its body");
		expect(stdout).toContain("foreign: the trigger t in events.db is not of this system");
	});
	it("of es-rebuild shows differences field by field, and that they are a fault", async () => {
		await tell("es-rebuild radars");
		expect(stdout).toContain("1 differ, by the same code: a fault\n  A6-1\n    ~ detections  1 -> 2\n");
	});
	it("of wrong usage is one line and the usage", async () => {
		await tell("es-state radio A6-1");
		expect(stderr).toBe('there is no service "radio"; there are radar\nUsage: es-state <service> <id> [--at <instant|version>] [--json]\n');
	});
});
