/** Codes: every code in a response is in the catalogue, whatever the type of a library's error. */
import { describe, expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Errors } from "moleculer";
import { CODES } from "../../mixins/common/codes.ts";
import { problemOf } from "../../mixins/http/server/problem.ts";

/** All string literals in capitals in the files of a package; its error types are among them. */
const capitalsIn = (name: string): string[] => {
	const folder = fileURLToPath(new URL(`../../node_modules/${name}/`, import.meta.url).href);
	const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
		(file) => /^(src|lib|index)/.test(file) && file.endsWith(".js") && !file.includes("node_modules"),
	);
	return files.flatMap((file) => readFileSync(join(folder, file), "utf8").match(/(?<=["'])[A-Z][A-Z0-9_]{2,}(?=["'])/g) ?? []);
};
const statuses = [400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 417, 422, 429, 431, 500, 501, 502, 503, 504, 514];

describe("an error of a library", () => {
	const types = [...new Set(["moleculer", "moleculer-web", "moleculer-db", "fastest-validator"].flatMap(capitalsIn))];
	it("has known types", () =>
		expect(types).toEqual(expect.arrayContaining(["UNABLE_DECODE_PARAM", "ORIGIN_NOT_ALLOWED", "REQUEST_TIMEOUT", "SERVICE_NOT_FOUND"])));
	it.each([
		["MoleculerError", Errors.MoleculerError],
		["MoleculerRetryableError", Errors.MoleculerRetryableError],
		["MoleculerServerError", Errors.MoleculerServerError],
	])("is answered with a code of the catalogue: %s", (_name, Kind) => {
		const unknown = statuses.flatMap((status) =>
			[
				...(status === 503 && Kind === Errors.MoleculerRetryableError ? [] : types),
				undefined,
				"",
				"entity.too.large",
				"__proto__",
				"constructor",
			] // no library uses that one
				.map((type) => problemOf(new Kind("of a library", status, type as string)))
				.filter(({ code }) => !Object.hasOwn(CODES, code))
				.map(({ code }) => `${status} ${code}`),
		);
		expect([...new Set(unknown)]).toEqual([]);
	});
	it.each([null, undefined, "text", 5, {}, [], new Error("x"), Object.assign(new Error("x"), { code: "ENOENT", status: 404 })])(
		"may be any value: %j",
		(error) => expect(Object.hasOwn(CODES, problemOf(error).code)).toBe(true),
	);
	it("keeps its code if it is our own", () => {
		expect(problemOf(new Errors.MoleculerClientError("no", 409, "RADAR_RETIRED"))).toMatchObject({ status: 409, code: "RADAR_RETIRED" });
		expect(problemOf(new Errors.MoleculerRetryableError("not yet", 503, "READ_MODEL_LAGGING"))).toMatchObject({
			status: 503,
			code: "READ_MODEL_LAGGING",
		});
	});
});
