/** Reference - checks that the pages under docs/reference match the models and the code, are complete in both directions, and have valid links. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { catalog, type House, loadHouse, ROOT } from "../../cli/common/catalogue.ts";
import { anchor, COMMAND } from "../../cli/reference/markdown.ts";
import { deployments } from "../../cli/common/deployments.ts";
import { FOLDER, pages } from "../../cli/reference/pages.ts";
import { HEADER_NAMES } from "../../cli/reference/routes-page.ts";
import { PARKED } from "../../mixins/common/codes.ts";
import { sourcesOf } from "./sources.ts";

let made: ReadonlyMap<string, string>;
let house: House;
beforeAll(async () => {
	[made, house] = [await pages(), await loadHouse()];
});
const pageNames = [
	"access.md",
	"commands.md",
	"facts.md",
	"refusals.md",
	"routes.md",
	"read-models.md",
	"metrics.md",
	"settings.md",
	"repl.md",
];
const page = (name: string): string => made.get(name) ?? "";
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const product = sourcesOf("services", "mixins", "model", "store", "jurisdictions", "node", "cli", "demo", "moleculer.config.ts");

describe("the pages", () => {
	it.each(pageNames)("%s is up to date", (name) => {
		const there = readdirSync(FOLDER).includes(name) ? readFileSync(new URL(name, FOLDER), "utf8") : "";
		const stale = there === page(name) ? [] : [`docs/reference/${name} is stale: ${COMMAND} updates it`];
		expect(stale).toEqual([]);
	});
	it("and the deployments contain every side of every context", async () => {
		for (const [path, text] of await deployments(house)) expect([path, readFileSync(join(ROOT, path), "utf8")]).toEqual([path, text]);
	});
	it("are complete, and README links to each", () => {
		expect(readdirSync(FOLDER).toSorted()).toEqual(pageNames.toSorted());
		expect([...made.keys()].toSorted()).toEqual(pageNames.toSorted());
		expect(pageNames.filter((name) => !readme.includes(`](docs/reference/${name})`))).toEqual([]);
	});
	it("have only valid links", () => {
		const places = new Map(
			[...made].map(([name, text]) => [
				name,
				new Set([
					...[...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchor(heading)),
					...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id),
				]),
			]),
		);
		const leads = [...made].flatMap(([from, text]) =>
			[...text.matchAll(/\]\(([a-z-]+\.md)?(?:#([^)]+))?\)/g)].map(([lead, to = from, place]) => ({ from, lead, to, place })),
		);
		expect(leads.length).toBeGreaterThan(100);
		expect(leads.filter(({ to, place }) => !places.has(to) || (place !== undefined && !places.get(to)?.has(place)))).toEqual([]);
	});
});

describe("commands", () => {
	it("each have a route, or are marked internal", () => {
		const routes = new Map(house.services.flatMap(({ actions }) => actions.map(({ name, schema }) => [name, schema.rest])));
		const wrong = house.models.flatMap(({ value: { name: service, commands } }) =>
			Object.entries(commands)
				.filter(([name, { internal }]) => (routes.get(`${service}.${name}`) === undefined) !== (internal === true))
				.map(([name]) => `${service}.${name}`),
		);
		expect(wrong).toEqual([]);
	});
	it("and facts, and actions without a route, have a description", () => {
		const unsaid = [
			...page("commands.md").matchAll(/^### (\S+\.\S+)\n\n(?:`POST|Sent by)/gm),
			...page("facts.md").matchAll(/^### (\S+)\n\n\|/gm),
		];
		expect(unsaid.map(([, name]) => name)).toEqual([]);
		const rows = [...page("routes.md").matchAll(/^\| (?:`<service>\.|GET|POST).*$/gm)].map(([row]) => row);
		expect(rows.length).toBeGreaterThan(30);
		expect(rows.filter((row) => / \|  \|$/.test(row))).toEqual([]);
	});
	it("and facts of every model are on their pages", () => {
		const commands = house.models.flatMap(({ value }) => Object.keys(value.commands).map((name) => `${value.name}.${name}`));
		const facts = house.models.flatMap(({ value }) => Object.keys(value.evolve));
		expect(commands.length * facts.length).toBeGreaterThan(0);
		expect(commands.filter((name) => !page("commands.md").includes(`\n### ${name}\n`))).toEqual([]);
		expect(facts.filter((name) => !page("facts.md").includes(`\n### ${name}\n`))).toEqual([]);
	});
});

describe("routes", () => {
	it("name every header that the gateway reads or sets", () => {
		const gateway = product
			.filter(({ path }) => path.startsWith("mixins/http/") && path !== "mixins/http/metrics-server.ts")
			.map(({ text }) => text)
			.join("\n");
		const ofTheirOwn = ["transfer-encoding", "content-length", "connection", "x-accel-buffering"]; // HTTP's, not ours
		const read = [...gateway.matchAll(/headers\["([a-z-]+)"\]/g)].map(([, name = ""]) => name);
		const set = [
			...gateway.matchAll(
				/"?\b(ETag|Location|Cache-Control|(?:X|Access|Content-Security|Referrer|Strict|Idempotent)-[A-Z][A-Za-z-]+|Retry-After|WWW-Authenticate)"?:/g,
			),
		].map(([, name = ""]) => name.toLowerCase());
		set.push(...[...gateway.matchAll(/setHeader\("(Vary|Set-Cookie)"/g)].map(([, name = ""]) => name.toLowerCase()));
		const known = HEADER_NAMES.map((name) => name.toLowerCase());
		expect(read.length * set.length).toBeGreaterThan(0);
		expect([...read, ...set].filter((name) => !known.includes(name) && !ofTheirOwn.includes(name))).toEqual([]);
		expect(known.filter((name) => !read.includes(name) && !set.includes(name))).toEqual([]);
	});
});

describe("refusals", () => {
	const explained = (): string[] => [...page("refusals.md").matchAll(/<a id="[^"]+"><\/a>`([A-Z0-9_]+)`/g)].map(([, code = ""]) => code);

	it("are exactly the catalog, each once", () => {
		expect(explained().length).toBeGreaterThan(50);
		expect(explained().toSorted()).toEqual([...new Set([...catalog(house).map(({ name }) => name), PARKED.name])].toSorted());
	});
	it("have the status that the tests of the API expect", () => {
		const statuses = new Map(
			[...page("refusals.md").matchAll(/`([A-Z0-9_]+)` \| (\d{3}) \|/g)].map(([, code = "", status]) => [code, status]),
		);
		const expected = sourcesOf("test/http").flatMap(({ text }) =>
			[...text.matchAll(/expectProblem\([^;]*?, (\d{3}), "([A-Z_]+)"/g)].map(([, status, code = ""]) => `${code} ${status}`),
		);
		expect(expected.length).toBeGreaterThan(5);
		expect([...new Set(expected)].filter((one) => `${one.split(" ")[0]} ${statuses.get(one.split(" ")[0] ?? "")}` !== one)).toEqual([]);
	});
});

describe("processes", () => {
	it("declare exactly the commands that they send", () => {
		const sent = ({ path }: { readonly path: string }) =>
			[...(product.find((file) => file.path === path)?.text ?? "").matchAll(/\bsend\("([^"]+)"/g)].map(([, command]) => command);
		expect(house.processes.length).toBeGreaterThan(0);
		for (const process of house.processes) expect(process.value.sends.toSorted()).toEqual([...new Set(sent(process))].toSorted());
	});
});

describe("settings", () => {
	const names = Object.keys(ENVIRONMENT);
	const read = product.flatMap(({ text }) => [
		...[...text.matchAll(/\benv(?:\.|\[")([A-Z][A-Z0-9_]*)/g)].map(([, name = ""]) => name),
		...[...text.matchAll(/\{([A-Z0-9_, ]+)\}: NodeJS\.ProcessEnv/g)].flatMap(([, list = ""]) => list.split(",").map((name) => name.trim())),
		...[...text.matchAll(/for \(const name of \[([^\]]+)\]\)\s*if \(env\[name\]/g)].flatMap(([, list = ""]) =>
			list.replaceAll('"', "").split(", "),
		),
	]);
	it("include every variable that the code reads", () => {
		expect(read.length).toBeGreaterThan(10);
		expect([...new Set(read)].filter((name) => !names.includes(name))).toEqual([]);
	});
	it("have no variable that the code does not read", () => expect(names.filter((name) => !read.includes(name))).toEqual([]));
});
