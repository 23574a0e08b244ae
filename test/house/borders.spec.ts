/** Borders - which folder may import which: imports point one way, so that the domain model does not depend on its storage. */
import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { type Import, type Source, sourcesOf } from "./sources.ts";

const ROOMS = ["services", "mixins", "model", "store", "jurisdictions"] as const;
const house = sourcesOf(...ROOMS, "node", "cli", "moleculer.config.ts");
const bench = sourcesOf("bench").filter(({ path }) => !path.startsWith("bench/peers/"));
/** Folders with the code of one database. */
const DRIVERS = /^store\/(sqlite|mongo|move)\//;
const roomOf = (path: string): string => path.split("/")[0] ?? "";
const roomsOf = (path: string): string => path.split("/").slice(0, 2).join("/");
const isService = (path: string): boolean => path.endsWith(".service.ts");

/** The imports that break a rule, as text: `services/a.ts:3 imports node:fs`. */
const breaking = (sources: readonly Source[], broken: (one: Import, path: string) => boolean): string[] =>
	sources.flatMap(({ path, imports }) =>
		imports
			.filter((one) => broken(one, path))
			.map(({ target, line, typeOnly }) => `${path}:${line} imports ${typeOnly ? "types of " : ""}${target}`),
	);
/** Calls with a result that changes: clock, chance and environment. */
function asking(sources: readonly Source[]): string[] {
	const asks =
		/\b(Date\.now|Math\.random|randomUUID|process\.(env|hrtime)|performance|globalThis|setTimeout|setInterval|fetch)\b|new Date\(\)/g;
	return sources.flatMap(({ path, text }) => [...text.matchAll(asks)].map(([what]) => `${path} asks ${what}`));
}
const of = (room: string) => house.filter(({ path }) => roomOf(path) === room);

describe("services", () => {
	it("import only mixins, model, jurisdictions and each other of our own code", () =>
		expect(
			breaking(of("services"), ({ target, ours }) => ours && !["services", "mixins", "model", "jurisdictions"].includes(roomOf(target))),
		).toEqual([]));
	it("import only types of other services, and files of their own folder", () =>
		expect(
			breaking(
				of("services"),
				({ target, ours, typeOnly }, path) =>
					ours &&
					roomOf(target) === "services" &&
					!typeOnly &&
					(isService(target) || target.split("/").slice(0, 2).join("/") !== path.split("/").slice(0, 2).join("/")),
			),
		).toEqual([]));
	it("import only types of Moleculer", () =>
		expect(breaking(of("services"), ({ target, typeOnly }) => target === "moleculer" && !typeOnly)).toEqual([]));
	it("import no package but Moleculer", () =>
		expect(breaking(of("services"), ({ target, ours }) => !ours && target !== "moleculer")).toEqual([]));
});

describe("mixins", () => {
	it("import model and store, and mention no radar", () =>
		expect(breaking(of("mixins"), ({ target, ours }) => ours && !["mixins", "model", "store"].includes(roomOf(target)))).toEqual([]));
	it("import the contracts of the store, not its implementations", () =>
		expect(breaking(of("mixins"), ({ target }) => DRIVERS.test(target))).toEqual([]));
});

describe("the store", () => {
	it("imports nothing else of our own code", () =>
		expect(breaking(of("store"), ({ target, ours }) => ours && roomOf(target) !== "store")).toEqual([]));
	it("separates its contracts from their implementations", () =>
		expect(
			breaking(
				of("store").filter(({ path }) => !DRIVERS.test(path)),
				({ target }) => DRIVERS.test(target),
			),
		).toEqual([]));
});

describe.each(["model", "jurisdictions"])("%s", (room) => {
	it("imports only itself: no package, no Node, no other folder", () =>
		expect(breaking(of(room), ({ target, ours }) => !ours || roomOf(target) !== room)).toEqual([]));
	it("uses no clock, no chance and no environment", () => expect(asking(of(room))).toEqual([]));
});
it("services leave clock, chance and environment to their mixins", () => expect(asking(of("services"))).toEqual([]));

describe("a node", () => {
	it("imports mixins and store, and loads services only by their file names", () =>
		expect(breaking(of("node"), ({ target, ours }) => ours && !/^(node|mixins|store|moleculer\.config\.ts$)/.test(target))).toEqual([]));
	it("has a broker configuration that imports only mixins", () =>
		expect(breaking(of("moleculer.config.ts"), ({ target, ours }) => ours && roomOf(target) !== "mixins")).toEqual([]));
	it("does not depend on the command line, and neither does the bench", () =>
		expect(breaking([...of("node"), ...bench], ({ target }) => /^cli\//.test(target))).toEqual([]));
});

describe("drivers", () => {
	const outside = (packages: RegExp, ...rooms: readonly RegExp[]) =>
		breaking(house, ({ target }, path) => packages.test(target) && !rooms.some((room) => room.test(path)));
	it("of SQLite are imported only by store/sqlite", () => expect(outside(/^node:sqlite$/, /^store\/sqlite\//)).toEqual([]));
	it("of MongoDB are imported only by store/mongo", () => expect(outside(/^mongodb/, /^store\/mongo\//)).toEqual([]));
	it("of Moleculer are imported only by mixins, services and the code that starts them", () =>
		expect(outside(/^moleculer/, /^mixins\//, /^services\//, /^node\//, /^cli\//, /^moleculer\.config\.ts$/)).toEqual([]));
	it("of Moleculer run in few mixins (middlewares and replacements of its parts); others import only types", () => {
		const values = of("mixins").filter(({ imports }) => imports.some(({ target, typeOnly }) => target === "moleculer" && !typeOnly));
		expect(values.map(({ path }) => path)).toEqual([
			"mixins/cluster/bulkhead.ts",
			"mixins/cluster/discovery.ts",
			"mixins/cluster/placement.ts",
			"mixins/common/errors.ts",
			"mixins/common/validation.ts",
			"mixins/nats/transporter.ts",
		]);
	});
});

describe("the kind of database", () => {
	const KEEPERS = /^store\/(sqlite|mongo)\//;
	/** The files that choose the database or read how to reach it, and where an operator names it. */
	const CHOOSERS = ["node/stores.ts", "node/start.ts", "node/settings/mongo-access.ts", "cli/move/place.ts"];
	const NAMED = /^(node|cli)\//;
	/** Names of databases, terms of drivers, and settings that select one. */
	const WORDS = /mongo|sqlite|ferret|\bbson\b|\bobjectid\b|\$(set|max|inc|in|gte?|lte?|or|and)\b *:|\bPRAGMA\b/gi;

	it("is imported only by the files that choose it, and by its own folder", () =>
		expect(breaking(house, ({ target }, path) => KEEPERS.test(target) && !KEEPERS.test(path) && !CHOOSERS.includes(path))).toEqual([]));
	it("does not appear in the folder of another one", () =>
		expect(breaking(house, ({ target }, path) => KEEPERS.test(target) && KEEPERS.test(path) && roomsOf(target) !== roomsOf(path))).toEqual(
			[],
		));
	it("is mentioned nowhere else, not even in a comment", () =>
		expect(
			house
				.filter(({ path }) => !KEEPERS.test(path) && !NAMED.test(path))
				.flatMap(({ path, text }) => [...text.matchAll(WORDS)].map(([word]) => `${path} says ${word}`)),
		).toEqual([]));
	it("is found by these words in its own folders", () =>
		expect(of("store").filter(({ path, text }) => KEEPERS.test(path) && text.match(WORDS)).length).toBeGreaterThan(10));
});

describe("imports", () => {
	/** The import cycles, each once, beginning with its first file. */
	function circles(counts: (one: Import) => boolean): string[] {
		const next = new Map(
			house.map(({ path, imports }) => [path, imports.filter((one) => one.ours && counts(one)).map(({ target }) => target)]),
		);
		const found = new Set<string>();
		const done = new Set<string>();
		const walk = (path: string, way: readonly string[]): void => {
			const start = way.indexOf(path);
			if (start >= 0) {
				const circle = way.slice(start);
				const first = circle.indexOf(circle.toSorted()[0] ?? "");
				found.add([...circle.slice(first), ...circle.slice(0, first)].join(" -> "));
			}
			if (start >= 0 || done.has(path)) return;
			for (const target of next.get(path) ?? []) walk(target, [...way, path]);
			done.add(path);
		};
		for (const path of next.keys()) walk(path, []);
		return [...found].toSorted();
	}
	/** The folders in import cycles; a subfolder is a folder of its own. */
	function circlesOfFolders(sources: readonly Source[]): string[] {
		const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
		const next = new Map<string, Set<string>>();
		for (const { path, imports } of sources)
			for (const { target, ours } of imports)
				if (ours && folderOf(target) !== folderOf(path))
					next.set(folderOf(path), (next.get(folderOf(path)) ?? new Set()).add(folderOf(target)));
		const reached = (from: string, found = new Set<string>()): Set<string> => {
			for (const to of next.get(from) ?? []) if (!found.has(to)) reached(to, found.add(to));
			return found;
		};
		return [...next.keys()].filter((folder) => reached(folder).has(folder)).toSorted();
	}
	/** Services that know each other's types: a process asks an actor, and a projection reads its facts. */
	const building = house.filter(({ path }) => roomOf(path) !== "services");
	it("of folders have no cycle", () => expect(circlesOfFolders([...building, ...bench])).toEqual([]));
	it("of mixins go only to the parts that docs/architecture.md lists above", () => {
		const page = readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8");
		const [, list = ""] = page.split("each of which imports only those above it");
		const parts = [...list.matchAll(/^\| `([\w-]+)\/` \|/gm)].map(([, part]) => `mixins/${part}`);
		const partOf = (path: string): string => path.split("/", 2).join("/");
		const mixins = house.filter(({ path }) => path.startsWith("mixins/"));
		expect(parts.toSorted()).toEqual([...new Set(mixins.map(({ path }) => partOf(path)))].toSorted());
		const upwards = ({ path, imports }: Source): string[] =>
			imports
				.filter(({ target }) => target.startsWith("mixins/") && parts.indexOf(partOf(target)) > parts.indexOf(partOf(path)))
				.map(({ target }) => `${path} imports ${target}`);
		expect(mixins.flatMap(upwards)).toEqual([]);
	});
	it("come from small folders: at most eighteen files", () => {
		const folders = Map.groupBy([...house, ...bench], ({ path }) => path.slice(0, path.lastIndexOf("/")));
		expect([...folders].filter(([, files]) => files.length > 18).map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([]);
	});
	it("have no cycle", () => expect(circles(({ typeOnly }) => !typeOnly)).toEqual([]));
	it("of types have no cycle either", () => expect(circles(() => true)).toEqual([]));
	it("name existing files by their full names", () => {
		const known = new Set([...house, ...sourcesOf("demo")].map(({ path }) => path));
		expect(breaking(house, ({ target, ours }) => ours && !known.has(target))).toEqual([]);
	});
});
