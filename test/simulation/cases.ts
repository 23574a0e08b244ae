/** Cases - a scenario from the product: from a passage to a legal case, with its real models, read models and the case-opening process. */
import { valueAt } from "../../model/index.ts";
import { insert, type Timeline } from "../../model/index.ts";
import { caseOpening } from "../../services/infraction/case-opening.service.ts";
import { infraction } from "../../services/infraction/infraction.service.ts";
import { infractions } from "../../services/infraction/infractions.service.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { radar } from "../../services/radar/radar.service.ts";
import { radars } from "../../services/radar/radars.service.ts";
import { owner } from "../../services/registration/owner.service.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import { activated, calibrated, day, installed, known, passage, person, registration } from "../grammar/words.ts";
import type { Chance } from "./chance.ts";
import type { Past, Told } from "./past.ts";
import type { Ordered, Scenario } from "./scenario.ts";

const PLATES = ["AB-123-CD", "EF-456-GH"] as const;
const OWNERS = ["ada", "bob", "eve"] as const;
const FIRST = ["record", "record", "register"] as const;
const NAMES = ["record", "record", "register", "transfer", "record", "transfer", "deregister", "owner", "cancel"] as const;

function order(chance: Chance, ids: number, first: boolean): Ordered {
	const name = first ? chance.of(FIRST) : chance.of(NAMES);
	const plate = PLATES[chance.pick(Math.min(2, ids))] ?? PLATES[0];
	const at = day(3 + chance.pick(4));
	const one = `${chance.pick(ids)}`;
	const car = `FR-${plate}`;
	if (name === "record") {
		const measured = { ...passage({ plate, capturedAt: at, speedKmh: chance.pick(6) === 5 ? 50 : 100 }), vehicleClass: "light" };
		return { service: "detection", name, params: { ...measured, id: one } };
	}
	if (name === "owner") return { service: "owner", name: "register", params: { id: chance.of(OWNERS), ...person } };
	const cancelling = { id: one, reason: "emergency vehicle" };
	if (name === "cancel") return { service: "infraction", name, params: cancelling };
	const given = { ...(chance.pick(3) === 0 ? {} : { from: at }), ...(name === "deregister" ? {} : { owner: chance.of(OWNERS) }) };
	return { service: "vehicle", name, params: { ...(name === "register" ? { ...registration, plate } : {}), ...given, id: car } };
}

export const cases: Scenario = {
	models: [radar, detection, owner, vehicle, infraction],
	projections: [infractions, radars],
	processes: [caseOpening],
	effects: {},
	given: [
		{ service: "radar", id: "R1", facts: [installed({ limits: { lightKmh: 50 } }), activated(day(2)), calibrated(day(2), day(14))] },
		{ service: "owner", id: "ada", facts: [known()] },
	],
	order,
	wrong: (past, { runs }) => (runs(caseOpening.name) ? wrongCases(past) : []),
};

/** Every qualified detection is one case, held by the holder of the vehicle at that instant. */
function wrongCases(past: Past): string[] {
	const holders = new Map<string, Timeline<string | null>>();
	for (const { id, type, data } of past.facts) {
		const { owner: given = null, from = null } = data as { owner?: string; from?: string | null }; // facts of vehicles
		if (/^vehicle\.(registered|transferred|deregistered)$/.test(type)) holders.set(id, insert(holders.get(id) ?? [], from, given));
	}
	const qualified = past.facts.filter(({ type }) => type === "detection.qualified");
	const ids = new Set(qualified.map(({ id }) => id));
	const strange = past.facts.filter(({ type, id }) => type === "infraction.opened" && !ids.has(id));
	return [...strange.map(({ id }) => `case ${id} has no detection`), ...qualified.flatMap((judged) => wrongCase(past, judged, holders))];
}
function wrongCase(past: Past, { id, origin }: Told, holders: ReadonlyMap<string, Timeline<string | null>>): string[] {
	const opened = past.facts.filter((fact) => fact.type === "infraction.opened" && fact.id === id).length;
	if (opened !== 1) return [`case ${id} was opened ${opened} times`];
	const recorded = origin.facts.find(({ type }) => type === "detection.recorded")?.data as { plate: string; capturedAt: string }; // of the same commit
	const should = valueAt(holders.get(`FR-${recorded.plate}`) ?? [], recorded.capturedAt) ?? null;
	const state = past.of(infraction, id).states.at(-1) as { status: string; holder: string | null }; // an infraction's own
	return state.status === "cancelled" || state.holder === should ? [] : [`case ${id} is held by ${state.holder}, not by ${should}`];
}
