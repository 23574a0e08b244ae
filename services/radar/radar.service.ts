/** Radar - a device at a site. What it may enforce at an instant (limits, certificate, service, place) is asked for the instant of capture, never for now. */
import type { ServiceSchema } from "moleculer";
import { type JurisdictionId, jurisdictionIds, type RadarKind, radarKinds } from "../../jurisdictions/index.ts";
import { EventSourced } from "../../mixins/event-sourced.ts";
import {
	aggregate,
	alreadyHolds,
	type CommandOf,
	decimal,
	given,
	id,
	insert,
	type Instant,
	instant,
	instantAfter,
	integer,
	invariant,
	oneOf,
	optional,
	record,
	type ParamsOf,
	same,
	text,
	type Timeline,
	type Unknown,
	valueAt,
} from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
export interface Site {
	readonly latitude: number;
	readonly longitude: number;
}
interface Certificate {
	readonly number: string;
	readonly validFrom: Instant;
	readonly validUntil: Instant;
}
interface Installed {
	readonly status: "installed" | "retired";
	/** As it was given: the same again is "already so". */
	readonly created: RadarFacts["radar.installed"];
	readonly name: string | undefined;
	readonly site: Timeline<Site>;
	readonly road: Timeline<string | undefined>;
	readonly direction: Timeline<string | undefined>;
	readonly lightKmh: Timeline<number>;
	readonly heavyKmh: Timeline<number>;
	readonly service: Timeline<boolean>;
	readonly certificates: readonly Certificate[];
	readonly retiredAt: Instant | null;
}
type Radar = Unknown | Installed;

/** What a radar could enforce at an instant. */
export interface Enforcement {
	readonly kind: RadarKind;
	readonly jurisdiction: JurisdictionId;
	readonly inService: boolean;
	readonly certified: boolean;
	readonly lightKmh: number | null;
	readonly heavyKmh: number | null;
	readonly site: Site & { readonly road: string | null };
}

// -- Facts: stored for ever, so never renamed, extended with care --------------
interface Limits {
	readonly lightKmh?: number;
	readonly heavyKmh?: number;
}
export interface RadarFacts {
	"radar.installed": {
		name?: string;
		kind: RadarKind;
		latitude: number;
		longitude: number;
		road?: string;
		direction?: string;
		jurisdiction: JurisdictionId;
		limits: Limits;
		sectionMeters?: number;
		from: Instant | null;
	};
	"radar.described": { name?: string; road?: string; direction?: string; from: Instant };
	"radar.relocated": { latitude: number; longitude: number; road?: string; direction?: string; from: Instant };
	"radar.limitsChanged": Limits & { from: Instant };
	"radar.calibrated": Certificate;
	"radar.activated": { from: Instant };
	"radar.deactivated": { from: Instant; reason: string };
	"radar.retired": { from: Instant; reason?: string };
}

const { answer, command, define, fact } = aggregate<Radar, RadarFacts>();

// -- Invariants ----------------------------------------------------------------
const isNotYetRetired = invariant(
	"RADAR_RETIRED",
	"Nothing begins on a radar that is retired by then",
	({ state, params, now }: { state: Installed; params: { from?: Instant }; now: Instant }) =>
		state.retiredAt === null || (params.from ?? now) < state.retiredAt,
);

// -- The model -------------------------------------------------------------------
const kmh = () => integer(1, 400);
const latitude = () => decimal(-90, 90);
const longitude = () => decimal(-180, 180);
const installation = {
	id: id(),
	name: optional(text()),
	kind: oneOf(...radarKinds),
	latitude: latitude(),
	longitude: longitude(),
	road: optional(text()),
	direction: optional(text()),
	jurisdiction: optional(oneOf(...jurisdictionIds)),
	limits: optional(record({ lightKmh: optional(kmh()), heavyKmh: optional(kmh()) })),
	sectionMeters: optional(integer(1, 1_000_000)),
	from: optional(instant()),
};
/** What is stored of an installation: the defaults of the law filled in. */
const asInstalled = ({
	id: _id,
	jurisdiction = "FR",
	limits = {},
	from,
	...rest
}: ParamsOf<typeof installation>): RadarFacts["radar.installed"] =>
	given({ ...rest, jurisdiction, limits: given(limits), from: from ?? null });
const recorded = ["installed", "retired"] as const;
/** A new value from an instant on; what is not given stays as it is. */
const noted = <T>(line: Timeline<T>, from: Instant | null, value: T | undefined): Timeline<T> =>
	value === undefined ? line : insert(line, from, value);
const holds = <T>(line: Timeline<T>, from: Instant | undefined, now: Instant, value: T | undefined): boolean =>
	value === undefined || alreadyHolds(line, from, now, value, same);

export const radar = define({
	name: "radar",
	plural: "radars",
	context: "radar",
	begins: ["radar.installed"],
	commands: {
		install: command(installation, {
			from: ["unknown"],
			already: (state, params) => same(state.created, asInstalled(params)),
			decide: (_unknown, params) => [fact("radar.installed", asInstalled(params))],
		}),
		describe: command(
			{ id: id(), name: optional(text()), road: optional(text()), direction: optional(text()) },
			{
				from: recorded,
				oneOf: ["name", "road", "direction"],
				already: (state, { name, road, direction }, { now }) =>
					(name === undefined || name === state.name) &&
					holds(state.road, undefined, now, road) &&
					holds(state.direction, undefined, now, direction),
				decide: (_state, { name, road, direction }, { now }) => [fact("radar.described", given({ name, road, direction, from: now }))],
			},
		),
		relocate: command(
			{
				id: id(),
				latitude: latitude(),
				longitude: longitude(),
				road: optional(text()),
				direction: optional(text()),
				from: optional(instant()),
			},
			{
				from: recorded,
				require: [isNotYetRetired],
				already: (state, { latitude, longitude, road, direction, from }, { now }) =>
					holds(state.site, from, now, { latitude, longitude }) &&
					holds(state.road, from, now, road) &&
					holds(state.direction, from, now, direction),
				decide: (_state, { latitude, longitude, road, direction, from }, { now }) => [
					fact("radar.relocated", given({ latitude, longitude, road, direction, from: from ?? now })),
				],
			},
		),
		changeLimits: command(
			{ id: id(), lightKmh: optional(kmh()), heavyKmh: optional(kmh()), from: optional(instant()) },
			{
				from: recorded,
				oneOf: ["lightKmh", "heavyKmh"],
				require: [isNotYetRetired],
				already: (state, { lightKmh, heavyKmh, from }, { now }) =>
					holds(state.lightKmh, from, now, lightKmh) && holds(state.heavyKmh, from, now, heavyKmh),
				decide: (_state, { lightKmh, heavyKmh, from }, { now }) => [
					fact("radar.limitsChanged", given({ lightKmh, heavyKmh, from: from ?? now })),
				],
			},
		),
		calibrate: command(
			{ id: id(), number: text(64), validFrom: instant(), validUntil: instantAfter("validFrom") },
			{
				from: recorded,
				already: (state, { number, validFrom, validUntil }) =>
					state.certificates.some((known) => same(known, { number, validFrom, validUntil })),
				decide: (_state, { number, validFrom, validUntil }) => [fact("radar.calibrated", { number, validFrom, validUntil })],
			},
		),
		activate: command(
			{ id: id(), from: optional(instant()) },
			{
				from: recorded,
				require: [isNotYetRetired],
				already: (state, { from }, { now }) => (state.retiredAt === null || from !== undefined) && holds(state.service, from, now, true),
				decide: (_state, { from }, { now }) => [fact("radar.activated", { from: from ?? now })],
			},
		),
		deactivate: command(
			{ id: id(), reason: text(), from: optional(instant()) },
			{
				from: recorded,
				require: [isNotYetRetired],
				already: (state, { from }, { now }) => (state.retiredAt === null || from !== undefined) && holds(state.service, from, now, false),
				decide: (_state, { reason, from }, { now }) => [fact("radar.deactivated", { reason, from: from ?? now })],
			},
		),
		retire: command(
			{ id: id(), reason: optional(text()) },
			{
				from: ["installed"],
				already: (state) => state.retiredAt !== null,
				decide: (_state, { reason }, { now }) => [fact("radar.retired", given({ reason, from: now }))],
			},
		),
	},
	asks: {
		enforcementAt: answer({ id: id(), at: instant() }, (state, { at }): Enforcement => ({
			kind: state.created.kind,
			jurisdiction: state.created.jurisdiction,
			inService: valueAt(state.service, at) === true && (state.retiredAt === null || at < state.retiredAt),
			certified: state.certificates.some(({ validFrom, validUntil }) => validFrom <= at && at < validUntil),
			lightKmh: valueAt(state.lightKmh, at) ?? null,
			heavyKmh: valueAt(state.heavyKmh, at) ?? null,
			site: {
				...(valueAt(state.site, at) ?? { latitude: state.created.latitude, longitude: state.created.longitude }),
				road: valueAt(state.road, at) ?? null,
			},
		})),
		/** What an import compares a line of its file with. */
		description: answer({ id: id() }, (state, _params, { now }) => ({
			kind: state.created.kind,
			name: state.name,
			...(valueAt(state.site, now) ?? { latitude: state.created.latitude, longitude: state.created.longitude }),
			road: valueAt(state.road, now),
			direction: valueAt(state.direction, now),
			lightKmh: valueAt(state.lightKmh, now),
			heavyKmh: valueAt(state.heavyKmh, now),
			sectionMeters: state.created.sectionMeters,
		})),
	},
	evolve: {
		"radar.installed": (_unknown, data) => ({
			status: "installed",
			created: data,
			name: data.name,
			site: [{ from: data.from, value: { latitude: data.latitude, longitude: data.longitude } }],
			road: noted<string | undefined>([], data.from, data.road),
			direction: noted<string | undefined>([], data.from, data.direction),
			lightKmh: noted([], data.from, data.limits.lightKmh),
			heavyKmh: noted([], data.from, data.limits.heavyKmh),
			service: [],
			certificates: [],
			retiredAt: null,
		}),
		"radar.described": (state, { name, road, direction, from }) => ({
			...state,
			name: name ?? state.name,
			road: noted(state.road, from, road),
			direction: noted(state.direction, from, direction),
		}),
		"radar.relocated": (state, { latitude, longitude, road, direction, from }) => ({
			...state,
			site: insert(state.site, from, { latitude, longitude }),
			road: noted(state.road, from, road),
			direction: noted(state.direction, from, direction),
		}),
		"radar.limitsChanged": (state, { lightKmh, heavyKmh, from }) => ({
			...state,
			lightKmh: noted(state.lightKmh, from, lightKmh),
			heavyKmh: noted(state.heavyKmh, from, heavyKmh),
		}),
		"radar.calibrated": (state, certificate) => ({ ...state, certificates: [...state.certificates, certificate] }),
		"radar.activated": (state, { from }) => ({ ...state, service: insert(state.service, from, true) }),
		"radar.deactivated": (state, { from }) => ({ ...state, service: insert(state.service, from, false) }),
		"radar.retired": (state, { from }) => ({ ...state, status: "retired", retiredAt: from }),
	},
});

declare module "../../model/define.ts" {
	interface Asks {
		"radar.enforcementAt": { params: { id: string; at: Instant }; answer: Enforcement };
	}
	interface Commands {
		"radar.install": CommandOf<typeof radar, "install">;
	}
}

export default { name: radar.name, mixins: [EventSourced(radar)] } satisfies ServiceSchema;
