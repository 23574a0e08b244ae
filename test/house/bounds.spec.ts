/** The page of bounds names code, tests, settings and codes that exist. */
import { describe, expect, it } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { CODES } from "../../mixins/common/codes.ts";
import { ENVIRONMENT } from "../../node/settings/environment.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/bounds.md", root), "utf8");
const rows = [...page.matchAll(/^\| (.+) \|$/gm)].slice(1).map(([, row = ""]) => row.split(" | "));

describe("the page of bounds", () => {
	it("has a row for each cost, with its code and its test", () => {
		expect(rows.length).toBeGreaterThan(20);
		for (const [cost, , , , code = "", test = "", ...more] of rows) {
			expect([cost, code]).toEqual([cost, expect.stringMatching(/^`mixins\/.+\.ts`$/)]);
			expect([cost, test, more]).toEqual([cost, expect.stringMatching(/^`test\/.+\.spec\.ts`$/), []]);
			for (const path of [code, test]) expect([path, existsSync(new URL(path.slice(1, -1), root))]).toEqual([path, true]);
		}
	});
	it("names settings and codes that exist", () => {
		const settings = rows.flatMap(([, , , setting = ""]) => (setting === "none" || setting === "`ulimit -n`" ? [] : setting.slice(1, -1)));
		expect(settings.filter((name) => !Object.hasOwn(ENVIRONMENT, name))).toEqual([]);
		const codes = rows.flatMap(([, , beyond = ""]) => [...beyond.matchAll(/\b(\d{3}) ([A-Z_]+)\b/g)]);
		expect(codes.length).toBeGreaterThan(15);
		const known = new Set(Object.values(CODES).map(({ status, name }) => `${status} ${name}`));
		expect(codes.map(([code]) => code).filter((code) => !known.has(code))).toEqual([]);
	});
});
