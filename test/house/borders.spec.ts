/** Borders - who may know whom: imports point one way, so that what is law stays apart from how it is kept. */
import { describe, expect, it } from "@jest/globals";
import { type Import, type Source, sourcesOf } from "./sources.ts";

const ROOMS = ["services", "mixins", "model", "store", "jurisdictions"] as const;
const house = sourcesOf(...ROOMS, "node", "cli", "moleculer.config.ts");
const bench = sourcesOf("bench").filter(({ path }) => !path.startsWith("bench/peers/"));
/** Folders that keep a database. */
const DRIVERS = /^store\/(sqlite|mongo|move)\//;
const roomOf = (path: string): string => path.split("/")[0] ?? "";
const roomsOf = (path: string): string => path.split("/").slice(0, 2).join("/");
const isService = (path: string): boolean => path.endsWith(".service.ts");

/** Every import that breaks a rule, to be read: `services/a.ts:3 imports node:fs`. */
const breaking = (sources: readonly Source[], broken: (one: Import, path: string) => boolean): string[] =>
	sources.flatMap(({ path, imports }) =>
		imports
			.filter((one) => broken(one, path))
			.map(({ target, line, typeOnly }) => `${path}:${line} imports ${typeOnly ? "types of " : ""}${target}`),
	);
/** Every question whose answer would be another one next time. */
function asking(sources: readonly Source[]): string[] {
	const asks =
		/\b(Date\.now|Math\.random|randomUUID|process\.(env|hrtime)|performance|globalThis|setTimeout|setInterval|fetch)\b|new Date\(\)/g;
	return sources.flatMap(({ path, text }) => [...text.matchAll(asks)].map(([what]) => `${path} asks ${what}`));
}
const of = (room: string) => house.filter(({ path }) => roomOf(path) === room);

describe("services", () => {
	it("know mixins, model and jurisdictions, and of our own nothing else but each other", () =>
		expect(
			breaking(of("services"), ({ target, ours }) => ours && !["services", "mixins", "model", "jurisdictions"].includes(roomOf(target))),
		).toEqual([]));
	it("know only the types of another service, and files beside them", () =>
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
	it("know only the types of Moleculer", () =>
		expect(breaking(of("services"), ({ target, typeOnly }) => target === "moleculer" && !typeOnly)).toEqual([]));
	it("know no package but Moleculer", () =>
		expect(breaking(of("services"), ({ target, ours }) => !ours && target !== "moleculer")).toEqual([]));
});

describe("mixins", () => {
	it("know model and store, and no radar", () =>
		expect(breaking(of("mixins"), ({ target, ours }) => ours && !["mixins", "model", "store"].includes(roomOf(target)))).toEqual([]));
	it("know the store by its contracts, not by what keeps them", () =>
		expect(breaking(of("mixins"), ({ target }) => DRIVERS.test(target))).toEqual([]));
});

describe("the store", () => {
	it("knows nobody else of ours", () =>
		expect(breaking(of("store"), ({ target, ours }) => ours && roomOf(target) !== "store")).toEqual([]));
	it("keeps its contracts apart from those who keep them", () =>
		expect(
			breaking(
				of("store").filter(({ path }) => !DRIVERS.test(path)),
				({ target }) => DRIVERS.test(target),
			),
		).toEqual([]));
});

describe.each(["model", "jurisdictions"])("%s", (room) => {
	it("knows itself alone: no package, no Node, nobody else of ours", () =>
		expect(breaking(of(room), ({ target, ours }) => !ours || roomOf(target) !== room)).toEqual([]));
	it("asks no clock, no chance and no environment", () => expect(asking(of(room))).toEqual([]));
});
it("services leave clock, chance and environment to their mixins", () => expect(asking(of("services"))).toEqual([]));

describe("a node", () => {
	it("knows mixins and store, and no service but by its file", () =>
		expect(breaking(of("node"), ({ target, ours }) => ours && !/^(node|mixins|store|moleculer\.config\.ts$)/.test(target))).toEqual([]));
	it("has a broker whose configuration knows mixins alone", () =>
		expect(breaking(of("moleculer.config.ts"), ({ target, ours }) => ours && roomOf(target) !== "mixins")).toEqual([]));
	it("does not depend on the command line, and neither do tests of it and the bench", () =>
		expect(breaking([...of("node"), ...bench], ({ target }) => /^cli\//.test(target))).toEqual([]));
});

describe("drivers", () => {
	const outside = (packages: RegExp, ...rooms: readonly RegExp[]) =>
		breaking(house, ({ target }, path) => packages.test(target) && !rooms.some((room) => room.test(path)));
	it("of SQLite are known to store/sqlite alone", () => expect(outside(/^node:sqlite$/, /^store\/sqlite\//)).toEqual([]));
	it("of MongoDB are known to store/mongo alone", () => expect(outside(/^mongodb/, /^store\/mongo\//)).toEqual([]));
	it("of Moleculer are known to mixins, services and those who start them", () =>
		expect(outside(/^moleculer/, /^mixins\//, /^services\//, /^node\//, /^cli\//, /^moleculer\.config\.ts$/)).toEqual([]));
	it("of Moleculer run in few mixins: middlewares, and what replaces a part of it; the others know its types", () => {
		const values = of("mixins").filter(({ imports }) => imports.some(({ target, typeOnly }) => target === "moleculer" && !typeOnly));
		expect(values.map(({ path }) => path)).toEqual([
			"mixins/cluster/bulkhead.ts",
			"mixins/cluster/discovery.ts",
			"mixins/cluster/placement.ts",
			"mixins/common/errors.ts",
			"mixins/common/validation.ts",
			"mixins/monitoring/metrics.ts",
			"mixins/nats/packets.ts",
			"mixins/nats/transporter.ts",
		]);
	});
});

describe("which database it is", () => {
	const KEEPERS = /^store\/(sqlite|mongo)\//;
	/** Where the one is chosen, and where an operator names it. */
	const CHOOSERS = ["node/stores.ts", "node/start.ts", "cli/move/place.ts"];
	const NAMED = /^(node|cli)\//;
	/** A database by name, a driver's word, or a setting that tells one from another. */
	const WORDS = /mongo|sqlite|ferret|\bbson\b|\bobjectid\b|\$(set|max|inc|in|gte?|lte?|or|and)\b *:|\bPRAGMA\b/gi;

	it("is known by import to those who choose it, and to nobody else but itself", () =>
		expect(breaking(house, ({ target }, path) => KEEPERS.test(target) && !KEEPERS.test(path) && !CHOOSERS.includes(path))).toEqual([]));
	it("is no matter of each other's: none knows of another one", () =>
		expect(breaking(house, ({ target }, path) => KEEPERS.test(target) && KEEPERS.test(path) && roomsOf(target) !== roomsOf(path))).toEqual(
			[],
		));
	it("is asked, compared or spoken of nowhere else, not even in a comment", () =>
		expect(
			house
				.filter(({ path }) => !KEEPERS.test(path) && !NAMED.test(path))
				.flatMap(({ path, text }) => [...text.matchAll(WORDS)].map(([word]) => `${path} says ${word}`)),
		).toEqual([]));
	it("is what the words look for: those who keep something use them", () =>
		expect(of("store").filter(({ path, text }) => KEEPERS.test(path) && text.match(WORDS)).length).toBeGreaterThan(10));
});

describe("imports", () => {
	/** Each circle once, from its first file on. */
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
	/** Folders that import each other, each circle once; a folder and one inside it are two. */
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
	it("of folders go round in no circle", () => expect(circlesOfFolders([...building, ...bench])).toEqual([]));
	it("come from folders that can be seen at once: at most eighteen files", () => {
		const folders = Map.groupBy([...house, ...bench], ({ path }) => path.slice(0, path.lastIndexOf("/")));
		expect([...folders].filter(([, files]) => files.length > 18).map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([]);
	});
	it("go round in no circle", () => expect(circles(({ typeOnly }) => !typeOnly)).toEqual([]));
	it("of types go round in none either", () => expect(circles(() => true)).toEqual([]));
	it("lead to files that are there, by their full names", () => {
		const known = new Set([...house, ...sourcesOf("demo")].map(({ path }) => path));
		expect(breaking(house, ({ target, ours }) => ours && !known.has(target))).toEqual([]);
	});
});
