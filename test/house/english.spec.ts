/** English - keeps comments and pages in plain English: phrases that are hard to read for an engineer whose first language is another one. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { commentsOf, sourcesOf } from "./sources.ts";

const root = fileURLToPath(new URL("../../", import.meta.url).href);

/** A comment starts with its subject. */
const BEGINNINGS = /^(What|Who|Where|Whoever|Whatever|Whichever|One that|Those (who|that)|That which)\b/;
/** Each has a plainer word: rebuild, depends on, resumes, means, a component by its name. */
const PHRASES =
	/\b(?:(?:is|are|was|were|be|been|being) (?:told|asked|taken|given)|whoever|nobody|somebody|anybody|anew|hangs? on|(?:goes?|going|went) on with|stands? for|for ever|no matter of)\b/i;

/** The text of a comment without its markup and the name it begins with. */
const textOf = (comment: string): string =>
	comment
		.replace(/^\/\*\*?|\*\/$|^\/\/+/g, "")
		.replace(/^\s*\*\s?/gm, "")
		.replace(/\s+/g, " ")
		.trim()
		.replace(/^[A-Z]\w+ - /, "");
const foundIn = (text: string): string | undefined => BEGINNINGS.exec(text)?.[0] ?? PHRASES.exec(text)?.[0];

describe("comments", () => {
	const rooms = ["services", "mixins", "model", "store", "jurisdictions", "node", "cli", "demo", "bench", "test", "moleculer.config.ts"];
	it.each(rooms)("of %s are plain English", (room) => {
		const found = sourcesOf(room)
			.filter(({ path }) => !path.startsWith("bench/peers/"))
			.flatMap((source) =>
				commentsOf(source).flatMap(({ line, text }) => {
					const phrase = foundIn(textOf(text));
					return phrase === undefined ? [] : [`${source.path}:${line} says "${phrase}"`];
				}),
			);
		expect(found).toEqual([]);
	});
	it("are found, of every kind", () => {
		const [own] = sourcesOf("test/house/english.spec.ts");
		expect(own && commentsOf(own).length).toBeGreaterThan(2);
		expect(foundIn(textOf("/** Who - What is left. */"))).toBe("What");
		expect(foundIn(textOf("// it hangs on nothing"))).toBe("hangs on");
		expect(foundIn(textOf("/** How often a standby polls. */"))).toBeUndefined();
	});
});

describe("texts", () => {
	/** Titles of tests, messages of errors, and log lines. */
	const TEXTS =
		/\b(?:it|describe|Error|NotSent|info|warn|error|debug|refuse|unavailable|broken|Complaint)(?:\.each\([^)]*\))?\(\s*(?:\w+(?:\.\w+)*,\s*)?["`]([^"`]+)["`]/g;
	/** Words that have a plainer one in every text. */
	const WORDS =
		/\b(?:(?:is|are|was|were) told|whoever|nobody|somebody|anybody|anew|hangs? on|(?:goes?|going|went) on with|stands? for|for ever|no matter of)\b/i;
	it("of errors, log lines and test titles are plain English", () => {
		const texts = sourcesOf("services", "mixins", "model", "store", "jurisdictions", "node", "cli", "demo", "bench", "test").flatMap(
			({ path, text }) => [...text.matchAll(TEXTS)].map(([, said = ""]) => ({ path, said })),
		);
		expect(texts.length).toBeGreaterThan(1000);
		expect(texts.filter(({ said }) => WORDS.test(said)).map(({ path, said }) => `${path}: ${said}`)).toEqual([]);
	});
});

describe("pages", () => {
	const pages = [
		...readdirSync(root).filter((name) => name.endsWith(".md")),
		...readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" })
			.filter((name) => name.endsWith(".md"))
			.map((name) => `docs/${name}`),
	];
	it.each(pages)("%s is plain English", (page) => {
		const found = readFileSync(`${root}${page}`, "utf8")
			.replaceAll(/^```[^]*?^```/gm, "")
			.split("\n")
			.flatMap((line) => PHRASES.exec(line.replaceAll(/`[^`]*`/g, ""))?.[0] ?? []);
		expect(found).toEqual([]);
	});
});
