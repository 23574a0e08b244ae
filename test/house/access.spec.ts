/** Access - every action of a service says which roles may use it, and every route of the gateway does. */
import { describe, expect, it } from "@jest/globals";
import { OWN_ROUTES } from "../../mixins/http/own-routes.ts";
import { type May, PROCESS, roles } from "../../model/index.ts";
import { actionsIn } from "../../node/offer.ts";
import { schemaOf, serviceFiles } from "../../node/services.ts";

const actions = (await Promise.all(serviceFiles().map(schemaOf))).flatMap(actionsIn);
const names = (holds: (may: May | undefined, name: string) => boolean): string[] =>
	actions.filter(({ name, schema: { may } }) => holds(may, name)).map(({ name }) => name);

describe("every action of a service", () => {
	it("says which roles may use it", () => {
		expect(actions.length).toBeGreaterThan(150);
		expect(names((may) => may === undefined || Object.keys(may).length === 0)).toEqual([]);
	});
	it("names only roles that exist", () => {
		const known = new Set<string>([...roles, "node"]);
		expect(names((may = {}) => Object.keys(may).some((role) => !known.has(role)))).toEqual([]);
	});
	it("for many has the roles of the one for one, and only processes use one without it", () => {
		const byName = new Map(actions.map(({ name, schema }) => [name, schema.may]));
		const forMany = actions.filter(({ name }) => name.endsWith("Many")).map(({ name, schema }) => ({ name, may: schema.may }));
		const single = (name: string) => byName.get(name.slice(0, -"Many".length));
		expect(forMany.filter(({ name, may }) => single(name) !== undefined && may !== single(name))).toEqual([]);
		for (const { may } of forMany.filter(({ name }) => single(name) === undefined)) expect(may).toEqual(PROCESS);
	});
	it("needs a login, except those that make one", () => expect(names((may) => may?.visitor !== undefined)).toEqual(["gateway.rest"])); // it only hands a request to its handler
});

it("of the routes of the gateway itself, only those about its health and those that make a login need none", () =>
	expect(
		Object.entries(OWN_ROUTES)
			.filter(([, { may }]) => may.visitor !== undefined)
			.map(([route]) => route),
	).toEqual(["GET /health/live", "GET /health/ready", "POST /sessions", "POST /first-administrator"]));
