/** Reference: its examples are sent in order, its routes are called, and its fields and metrics are compared with responses. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { OWN_ROUTES } from "../../mixins/http/own-routes.ts";
import { type Answer, eventually, System } from "../support/system.ts";

const page = (name: string): string => readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), "utf8");
interface Example {
	readonly path: string;
	readonly body: string;
}
const examples: readonly Example[] = [
	...page("commands.md").matchAll(/^curl -s localhost:3000\/api(\S+) -H 'content-type: application\/json' \\\n {2}-d '(.+)'$/gm),
].map(([, path = "", body = ""]) => ({ path, body }));
const routes = [...page("routes.md").matchAll(/^\| (GET|POST) \| `\/api(\/\S+)` \|/gm)].map(([, method = "", path = ""]) => ({
	method,
	path,
}));

let system: System;
let answers: readonly Answer[];
beforeAll(async () => {
	system = await System.start();
	const given: Answer[] = [];
	for (const { path, body } of examples)
		given.push(
			await eventually(async () => {
				const answer = await system.send({ method: "POST", path, headers: { "content-type": "application/json" }, body });
				if (answer.body.code === "INFRACTION_UNKNOWN") throw new Error("the process has not opened the case yet");
				return answer;
			}),
		);
	answers = given;
});
afterAll(() => system.dispose());

describe("an example", () => {
	it("exists for every command that has a route", () =>
		expect(examples.length).toBe(
			routes.filter(({ method, path }) => method === "POST" && path !== "/radars/import" && !(`${method} ${path}` in OWN_ROUTES)).length,
		));
	it.each(examples.map(({ path }, i) => [path, i] as const))("is accepted in order: %s", (_path, i) => {
		const { status, body } = answers[i] ?? { status: 0, body: {} };
		expect({ status: Math.floor(status / 100), body }).toMatchObject({
			status: 2,
			body: { id: expect.any(String), position: expect.any(String) },
		});
	});
	it("has an effect each time", () => {
		const positions = answers.map(({ body }) => body.position);
		expect(new Set(positions).size).toBe(positions.length);
		expect(answers.find(({ body }) => body["outcome"] !== undefined)?.body["outcome"]).toBe("qualified");
	});
});

describe("a route", () => {
	it.each(routes.map(({ method, path }) => [method, path] as const))("exists: %s %s", async (method, path) => {
		if (path === "/live") return (await system.live()).close();
		const headers = { "content-type": path.endsWith("/import") ? "text/csv" : "application/json" };
		const answer = await system.send({ method, path: path.replace(":id", "nobody"), headers });
		expect(answer.body.code).not.toBe("NOT_FOUND");
		const preflight = await system.send({
			method: "OPTIONS",
			path: path.replace(":id", "nobody"),
			headers: { "access-control-request-method": method },
		});
		expect(preflight.status).toBe(204);
		if (method === "GET") expect((await system.send({ method: "HEAD", path: path.replace(":id", "nobody") })).status).toBe(answer.status);
	});
	it("does not exist if the page does not list it", async () => expect((await system.get("/nonsense")).body.code).toBe("NOT_FOUND"));
});

/** The fields of a row on the page, with those of nested objects. */
function fieldsOf(section: string) {
	const text = page("read-models.md").split(`\n## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
	const optional = /\| may be absent \|/.test(text);
	const [head = ""] = /^\| field .*$/m.exec(text) ?? [];
	const place = head.split(" | ").indexOf("may be absent");
	return [...text.matchAll(/^\| `([^`]+)` \|.*$/gm)].map(([row, path = ""]) => ({
		path,
		optional: optional && row.split(" | ")[place] === "yes",
	}));
}
const pathsOf = (value: unknown, prefix = ""): string[] =>
	Array.isArray(value)
		? value.flatMap((item) => pathsOf(item, `${prefix.slice(0, -1)}[].`))
		: typeof value === "object" && value !== null
			? Object.entries(value).flatMap(([name, inner]) => [`${prefix}${name}`, ...pathsOf(inner, `${prefix}${name}.`)])
			: [];

describe("a row", () => {
	it.each(["radars", "detections", "owners", "vehicles", "infractions"])("of %s has exactly the fields of the page", async (name) => {
		const row = await eventually(async () => {
			const [first] = (await system.get(`/${name}`)).body.rows;
			if (!first) throw new Error(`no row of ${name} yet`);
			return first;
		});
		const fields = fieldsOf(name);
		const paths = new Set(pathsOf(row));
		expect(fields.length).toBeGreaterThan(5);
		expect([...paths].filter((path) => !fields.some((field) => field.path === path))).toEqual([]);
		expect(fields.filter(({ path, optional }) => !/[.[]/.test(path) && !optional && !paths.has(path))).toEqual([]);
	});
});

it("the page of metrics lists every metric", async () => {
	const shown = [...(await system.get("/metrics")).text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
		([, name, type]) => `| \`${name}\` | ${type} |`,
	);
	expect(shown.length).toBeGreaterThan(20);
	expect(shown.filter((row) => !page("metrics.md").includes(row))).toEqual([]);
});
