/** Radar - a device at a site. Other services ask about the instant of capture, never about now. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, defined, id, type Instant, instant, instantAfter, invariant, optional } from "../../model/index.ts";
import { OPERATOR, PROCESS, sameJson, STAFF, text, type Unknown } from "../../model/index.ts";
import { changed, type Enforcement, enforcementOf, type Equipment, hasRoomForAnother, holds, installed } from "./equipment.ts";
import { type RadarFacts, standing } from "./equipment.ts";
import { asInstalled, description, from, installation, limits, site } from "./installation.ts";

// -- State: what it remembers ------------------------------------------------
interface Installed {
	readonly status: "installed" | "retired";
	/** The original params: the same params again are "already so". */
	readonly created: RadarFacts["radar.installed"];
	readonly equipment: Equipment;
}
type Radar = Unknown | Installed;

// -- Facts: stored permanently, so never renamed and extended with care; defined in equipment.ts beside their folds ---
export type { RadarFacts };

const { ask, command, define, fact } = aggregate<Radar, RadarFacts>();

// -- Invariants; the one about certificates is in equipment.ts ---------------------
const isNotYetRetired = invariant(
	"RADAR_RETIRED",
	"No change can begin once the radar is retired",
	({ state, params, now }: { state: Installed; params: { from?: Instant }; now: Instant }) =>
		state.equipment.retiredAt === null || (params.from ?? now) < state.equipment.retiredAt,
	{ then: "Let the change begin before the retirement." },
);

// -- The model -------------------------------------------------------------------
const recorded = ["installed", "retired"] as const;

export const radar = define({
	name: "radar",
	plural: "radars",
	context: "radar",
	statuses: { installed: "it is at its site, in service or not", retired: "its service has ended permanently" },
	begins: ["radar.installed"],
	reads: STAFF,
	commands: {
		/** Creates a radar; its measurements count as evidence only while it is active and certified. */
		install: command(installation, {
			may: OPERATOR,
			allowedIn: ["unknown"],
			already: (state, params) => sameJson(state.created, asInstalled(params)),
			decide: (_unknown, params) => [fact("radar.installed", asInstalled(params))],
		}),
		/** Changes its name, road or direction from now on. */
		describe: command(
			{ id: id(), name: optional(text()), ...description },
			{
				may: OPERATOR,
				allowedIn: recorded,
				oneOf: ["name", "road", "direction"],
				already: ({ equipment }, { name = equipment.name, road, direction }, { now }) =>
					name === equipment.name && holds(equipment.road, undefined, now, road) && holds(equipment.direction, undefined, now, direction),
				decide: (_state, { id: _id, ...said }, { now }) => [fact("radar.described", defined({ ...said, from: now }))],
			},
		),
		/** Moves it to another place from an instant on. */
		relocate: command(
			{ id: id(), ...site, ...description, ...from },
			{
				may: OPERATOR,
				allowedIn: recorded,
				require: [isNotYetRetired],
				already: ({ equipment }, { latitude, longitude, road, direction, from }, { now }) =>
					holds(equipment.site, from, now, { latitude, longitude }) &&
					holds(equipment.road, from, now, road) &&
					holds(equipment.direction, from, now, direction),
				decide: (_state, { id: _id, from, ...place }, { now }) => [fact("radar.relocated", defined({ ...place, from: from ?? now }))],
			},
		),
		/** Changes its limits from an instant on; an absent limit stays the same. */
		changeLimits: command(
			{ id: id(), ...limits, ...from },
			{
				may: OPERATOR,
				allowedIn: recorded,
				oneOf: ["lightKmh", "heavyKmh"],
				require: [isNotYetRetired],
				already: ({ equipment }, { lightKmh, heavyKmh, from }, { now }) =>
					holds(equipment.lightKmh, from, now, lightKmh) && holds(equipment.heavyKmh, from, now, heavyKmh),
				decide: (_state, { id: _id, from, ...limits }, { now }) => [fact("radar.limitsChanged", defined({ ...limits, from: from ?? now }))],
			},
		),
		/** Adds a verification certificate, valid or expired: a passage is evidence only within the validity of one (order of 4 June 2009). */
		calibrate: command(
			{
				id: id(),
				/** As printed on the certificate. */
				number: text(64),
				/** The first instant it covers. */
				validFrom: instant(),
				/** The first instant it no longer covers. */
				validUntil: instantAfter("validFrom"),
			},
			{
				may: { metrologist: "all" },
				allowedIn: recorded,
				require: [hasRoomForAnother],
				already: ({ equipment }, { id: _id, ...certificate }) => equipment.certificates.some((known) => sameJson(known, certificate)),
				decide: (_state, { id: _id, ...certificate }) => [fact("radar.calibrated", certificate)],
			},
		),
		/** Puts it into service from an instant on. No certificate is required: each capture is checked by itself. */
		activate: command(
			{ id: id(), ...from },
			{
				may: OPERATOR,
				allowedIn: recorded,
				require: [isNotYetRetired],
				already: ({ status, equipment }, { from }, { now }) =>
					(status === "installed" || from !== undefined) && holds(equipment.service, from, now, true),
				decide: (_state, { from }, { now }) => [fact("radar.activated", { from: from ?? now })],
			},
		),
		/** Takes it out of service from an instant on; later measurements are discarded. */
		deactivate: command(
			{ id: id(), reason: text(), ...from },
			{
				may: OPERATOR,
				allowedIn: recorded,
				require: [isNotYetRetired],
				already: ({ status, equipment }, { from }, { now }) =>
					(status === "installed" || from !== undefined) && holds(equipment.service, from, now, false),
				decide: (_state, { reason, from }, { now }) => [fact("radar.deactivated", { reason, from: from ?? now })],
			},
		),
		/** Ends its service permanently, from now on. Earlier captures are not affected. */
		retire: command(
			{ id: id(), reason: optional(text()) },
			{
				may: OPERATOR,
				allowedIn: ["installed"],
				already: ({ status }) => status === "retired",
				decide: (_state, { reason }, { now }) => [fact("radar.retired", defined({ reason, from: now }))],
			},
		),
	},
	asks: {
		enforcementAt: ask({ id: id(), at: instant() }, PROCESS, ({ equipment }, { at }) => enforcementOf(equipment, at)),
		/** The current data of the radar, compared by an import with its file. */
		description: ask({ id: id() }, OPERATOR, ({ equipment }, _params, { now }) => standing(equipment, now)),
	},
	evolve: {
		"radar.installed": (_unknown, data) => ({ status: "installed", created: data, equipment: installed(data) }),
		"radar.described": (state, data) => ({ ...state, equipment: changed["radar.described"](state.equipment, data) }),
		"radar.relocated": (state, data) => ({ ...state, equipment: changed["radar.relocated"](state.equipment, data) }),
		"radar.limitsChanged": (state, data) => ({ ...state, equipment: changed["radar.limitsChanged"](state.equipment, data) }),
		"radar.calibrated": (state, data) => ({ ...state, equipment: changed["radar.calibrated"](state.equipment, data) }),
		"radar.activated": (state, data) => ({ ...state, equipment: changed["radar.activated"](state.equipment, data) }),
		"radar.deactivated": (state, data) => ({ ...state, equipment: changed["radar.deactivated"](state.equipment, data) }),
		"radar.retired": (state, data) => ({ ...state, status: "retired", equipment: changed["radar.retired"](state.equipment, data) }),
	},
});

declare module "../../model/define.ts" {
	interface Asks {
		"radar.enforcementAt": { params: { id: string; at: Instant }; answer: Enforcement };
	}
}

export default { name: radar.name, mixins: [EventSourced(radar)] } satisfies ServiceSchema;
