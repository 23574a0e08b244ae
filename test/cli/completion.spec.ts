/** Completion - tab offers the names that exist now, and nothing that would be refused. */
import { describe, expect, it } from "@jest/globals";
import { completed } from "../../cli/es/completion.ts";
import type { System } from "../../cli/es/system.ts";

const services = [
	{ name: "radar", metadata: { facts: ["radar.installed", "radar.retired"] }, actions: { "radar.state": {} } },
	{ name: "owner", metadata: { facts: ["owner.registered"] }, actions: { "owner.state": {} } },
	{ name: "radars", metadata: { follows: ["radar"] }, actions: { "radars.rebuild": {} } },
	{ name: "case-opening", actions: { "case-opening.parked": {} } },
	{ name: "radar-log", actions: { "radar-log.verify": {} } },
];
const system: System = { call: <T>() => Promise.resolve(services as T) };
const offers = async (line: string) => (await completed(line, system))?.[0].map((offer) => offer.trimEnd());

describe("tab", () => {
	it.each([
		["es-state ", ["owner", "radar"]],
		["es-state ra", ["radar"]],
		["es-state radar ", []],
		["es-state radar A6-1 ", []],
		["es-state radar A6-1 --", ["--at", "--json"]],
		["es-state radar A6-1 --json --", ["--at"]],
		["es-state --at 3 ", ["owner", "radar"]],
		["es-tail --types radar.", ["radar.installed", "radar.retired"]],
		["es-tail --types radar.installed,", ["radar.installed,owner.registered", "radar.installed,radar.retired"]],
		["es-tail --limit ", []],
		["es-rebuild ", ["radars"]],
		["es-parked ", ["list", "show", "retry", "drop"]],
		["es-parked retry ", ["case-opening"]],
		["es-verify radar ", ["radar"]],
		["es-state x", []],
	])("after %j offers %j", async (line, names) => expect(await offers(line)).toEqual(names));
	it.each(["es-sta", "call radar.", "nodes ", ""])("leaves %j to Moleculer's completion", async (line) =>
		expect(await completed(line, system)).toBeNull(),
	);
	it("gives the part of the line that it completes", async () => expect((await completed("es-state ra", system))?.[1]).toBe("ra"));
});
