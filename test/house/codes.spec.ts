/** Codes - compares the catalog of codes with the code, in both directions: each code is used, and each used code is in the catalog. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { catalog, type House, loadHouse } from "../../cli/common/catalogue.ts";
import { CODES, PARKED } from "../../mixins/common/codes.ts";
import { ROW_FINDINGS } from "../../mixins/read-models/row-check.ts";
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { FINDINGS } from "../../store/evidence/findings.ts";
import { nodesOf, type Source, sourcesOf } from "./sources.ts";

/** The folders whose code answers requests; drivers of a store have no codes. */
const answering = sourcesOf("services", "mixins", "model", "store").filter(({ path }) => !/^store\/(sqlite|mongo|move)\//.test(path));
const DECLARED = "mixins/common/codes.ts";
let house: House;
let names: ReadonlySet<string>;
beforeAll(async () => {
	house = await loadHouse();
	names = new Set([...catalog(house).map(({ name }) => name), PARKED.name]);
});

/** Every text in capitals in a file. */
const capitalsIn = ({ tree }: Source): string[] =>
	nodesOf(tree).flatMap((node) =>
		ts.isStringLiteralLike(node) && !ts.isLiteralTypeNode(node.parent) && /^[A-Z][A-Z0-9_]{2,}$/.test(node.text) ? [node.text] : [],
	);
/** How often a file reads a field: `CODES.NOT_FOUND`. */
const reads = ({ tree }: Source, field: string): number =>
	nodesOf(tree).filter((node) => ts.isPropertyAccessExpression(node) && node.name.text === field).length;
/** The class of the store's errors, or the `code` of another error: `readonly code = "STORE_UNAVAILABLE"`. */
const ofErrors = answering.flatMap(({ tree }) =>
	nodesOf(tree).flatMap((node) =>
		ts.isPropertyDeclaration(node) && node.name.getText() === "code" && node.initializer && ts.isStringLiteral(node.initializer)
			? [node.initializer.text]
			: [],
	),
);

describe("each code", () => {
	it("has one status, and a name in capitals", () => {
		const statuses = Map.groupBy(catalog(house), ({ name }) => name);
		expect([...statuses.keys()].filter((name) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(name))).toEqual([]);
		expect([...statuses].filter(([, all]) => new Set(all.map(({ status }) => status)).size > 1).map(([name]) => name)).toEqual([]);
		expect(catalog(house).filter(({ status }) => status < 400 || status > 599)).toEqual([]);
	});
	it("says its meaning and the next step of the caller", () =>
		expect(catalog(house).filter(({ means, then }) => means.length < 10 || then.length < 7)).toEqual([]));
	it("that belongs to no model is used", () => {
		const used = (name: string): boolean =>
			ofErrors.includes(name) || answering.some((source) => source.path !== DECLARED && reads(source, name) > 0);
		expect(Object.keys(CODES).filter((name) => !used(name))).toEqual([]);
	});
	it("that a service declares is used by the service", () => {
		const unused = house.codes.flatMap(({ path, value }) =>
			Object.keys(value).filter((name) => !answering.some((source) => source.path === path && reads(source, name) > 0)),
		);
		expect(house.codes.length).toBeGreaterThan(0);
		expect(unused).toEqual([]);
	});
	it("of an invariant guards a command", () => {
		const guarding = new Set(
			house.models.flatMap(({ value }) =>
				Object.values(value.commands).flatMap(({ require: rules = [] }) => rules.map(({ code }) => code)),
			),
		);
		const declared = sourcesOf("services").flatMap(({ tree }) =>
			nodesOf(tree).filter((node) => ts.isCallExpression(node) && node.expression.getText() === "invariant"),
		);
		expect(declared.length).toBeGreaterThan(5);
		expect(declared).toHaveLength(guarding.size);
	});
});

/** Texts in capitals that are not codes of answers, and their meaning. */
const NO_CODES = [
	/^(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE)$/, // methods
	/^E(NOENT|EXIST|RR_INVALID_URL)$/, // of Node
	/^(SERVICE_NOT_FOUND|SERVICE_NOT_AVAILABLE|REQUEST_TIMEOUT|REQUEST_REJECTED|REQUEST_SKIPPED|QUEUE_FULL)$/, // of Moleculer, which the gateway translates
	/^(INVALID_PARAMETERS|BAD_REQUEST)$/, // of moleculer-web, likewise
	/^INFO$/, // a packet of Moleculer
];

describe("the code", () => {
	it("writes no code as a text", () => {
		const reasons = new Set(["RADAR_NOT_IN_SERVICE", "CERTIFICATE_NOT_VALID", "NO_LIMIT", "WITHIN_TOLERANCE"]); // of a fact
		const stray = answering.flatMap((source) =>
			capitalsIn(source)
				.filter((text) => !NO_CODES.some((words) => words.test(text)) && !(text in ENVIRONMENT))
				.filter((text) => !(text in FINDINGS) && !(text in ROW_FINDINGS) && !reasons.has(text) && !ofErrors.includes(text))
				.filter((text) => source.path !== DECLARED && !(source.path.startsWith("services/") && names.has(text)))
				.map((text) => `${source.path} says ${text}`),
		);
		expect(stray).toEqual([]);
	});
	it("of the store's errors is in the catalog", () => {
		expect(ofErrors.length).toBeGreaterThan(3);
		expect(ofErrors.filter((name) => !names.has(name))).toEqual([]);
	});
});
