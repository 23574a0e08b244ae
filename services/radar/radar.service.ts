/** Radar - a device at a site. Other services ask about the instant of capture, never about now. */
import type { ServiceSchema } from "moleculer";
import { jurisdictionIds, radarKinds } from "../../jurisdictions/index.ts";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, decimal, id, instant, instantAfter, integer, invariant, oneOf, optional } from "../../model/index.ts";
import { defined, type Instant, type ParamsOf, record, sameJson, text, type Unknown } from "../../model/index.ts";
import { changed, type Enforcement, enforcementOf, type Equipment, hasRoomForAnother, holds, installed } from "./equipment.ts";
import { type RadarFacts, standing } from "./equipment.ts";

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
const kmh = () => integer(1, 400);
const site = {
	/** Decimal degrees, north positive. */
	latitude: decimal(-90, 90),
	/** Decimal degrees, east positive. */
	longitude: decimal(-180, 180),
};
const description = {
	/** Name on the road signs: `A6`, `RD9785`. */
	road: optional(text()),
	/** Direction of the measured traffic. */
	direction: optional(text()),
};
const limits = {
	/** Without it, only heavy vehicles with their own limit can exceed one. */
	lightKmh: optional(kmh()),
	/** Without it, the light limit also applies to heavy vehicles. */
	heavyKmh: optional(kmh()),
};
const from = {
	/** Instant from which the change holds. */
	from: optional(instant(), "now"),
};
const installation = {
	id: id(),
	name: optional(text()),
	/** Determines the tolerance (order of 4 June 2009): `mobile` measures from a moving vehicle, all others are stationary. */
	kind: oneOf(...radarKinds),
	...site,
	...description,
	/** Country whose law judges its measurements. */
	jurisdiction: optional(oneOf(...jurisdictionIds), "`FR`"),
	limits: optional(record(limits), "none"),
	/** Length of the section of a `section` radar. */
	sectionMeters: optional(integer(1, 1_000_000)),
	/** Instant from which site, road, direction and limits hold. */
	from: optional(instant(), "the beginning of time"),
};
type Installation = ParamsOf<typeof installation>;
/** The stored form of an installation, with defaults filled in. */
const asInstalled = ({ id: _id, jurisdiction = "FR", limits = {}, from, ...rest }: Installation): RadarFacts["radar.installed"] =>
	defined({ ...rest, jurisdiction, limits: defined(limits), from: from ?? null });
const recorded = ["installed", "retired"] as const;

export const radar = define({
	name: "radar",
	plural: "radars",
	context: "radar",
	statuses: { installed: "it is at its site, in service or not", retired: "its service has ended permanently" },
	begins: ["radar.installed"],
	commands: {
		/** Creates a radar; its measurements count as evidence only while it is active and certified. */
		install: command(installation, {
			allowedIn: ["unknown"],
			already: (state, params) => sameJson(state.created, asInstalled(params)),
			decide: (_unknown, params) => [fact("radar.installed", asInstalled(params))],
		}),
		/** Changes its name, road or direction from now on. */
		describe: command(
			{ id: id(), name: optional(text()), ...description },
			{
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
				allowedIn: ["installed"],
				already: ({ status }) => status === "retired",
				decide: (_state, { reason }, { now }) => [fact("radar.retired", defined({ reason, from: now }))],
			},
		),
	},
	asks: {
		enforcementAt: ask({ id: id(), at: instant() }, ({ equipment }, { at }) => enforcementOf(equipment, at)),
		/** The current data of the radar, compared by an import with its file. */
		description: ask({ id: id() }, ({ equipment }, _params, { now }) => standing(equipment, now)),
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
