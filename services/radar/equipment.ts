/** Equipment - the history of a radar's equipment, folded the same way by the deciding actor and by the read model. */
import type { JurisdictionId, RadarKind } from "../../jurisdictions/index.ts";
import { alreadyHolds, firstEntry, insert, type Instant, invariant, recent, sameJson, type Timeline, valueAt } from "../../model/index.ts";

export interface Site {
	readonly latitude: number;
	readonly longitude: number;
}
/** Covers captures in `[validFrom, validUntil)`. */
export interface Certificate {
	readonly number: string;
	readonly validFrom: Instant;
	readonly validUntil: Instant;
}
export interface Limits {
	readonly lightKmh?: number;
	readonly heavyKmh?: number;
}
export interface Equipment {
	readonly kind: RadarKind;
	readonly jurisdiction: JurisdictionId;
	readonly sectionMeters?: number;
	readonly name?: string;
	readonly site: Timeline<Site>;
	readonly road: Timeline<string>;
	readonly direction: Timeline<string>;
	readonly lightKmh: Timeline<number>;
	readonly heavyKmh: Timeline<number>;
	readonly service: Timeline<boolean>;
	readonly certificates: readonly Certificate[];
	readonly retiredAt: Instant | null;
}
/** The equipment data of a radar that decides on a capture at one instant. */
export interface Enforcement {
	readonly kind: RadarKind;
	readonly jurisdiction: JurisdictionId;
	readonly inService: boolean;
	readonly certified: boolean;
	readonly lightKmh: number | null;
	readonly heavyKmh: number | null;
	readonly site: Site & { readonly road: string | null };
}

export interface RadarFacts {
	/** A radar was created; `from` is null if the caller gave no date. */
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
	/** The name or the description changed; absent fields stay the same. */
	"radar.described": { name?: string; road?: string; direction?: string; from: Instant };
	/** The radar moved to another place; absent fields stay the same. */
	"radar.relocated": { latitude: number; longitude: number; road?: string; direction?: string; from: Instant };
	/** The limits changed; an absent limit stays the same. */
	"radar.limitsChanged": Limits & { from: Instant };
	/** A verification certificate was added, whatever its period of validity. */
	"radar.calibrated": Certificate;
	/** The radar is in service from that instant on. */
	"radar.activated": { from: Instant };
	/** The radar is out of service from that instant on. */
	"radar.deactivated": { from: Instant; reason: string };
	/** The radar is permanently out of service. */
	"radar.retired": { from: Instant; reason?: string };
}

/** Maximum number of certificates of one radar: with yearly verification it needs a hundred in a century. */
const MOST_CERTIFICATES = 1000;
export const hasRoomForAnother = invariant(
	"RADAR_CERTIFICATES_FULL",
	`A radar has at most ${MOST_CERTIFICATES} certificates`,
	({ state }: { readonly state: { readonly equipment: Equipment } }) => state.equipment.certificates.length < MOST_CERTIFICATES,
	{ then: "Install the device again under another id." },
);

/** Whether the value already holds; true if the value is undefined. */
export const holds = <T>(line: Timeline<T>, from: Instant | undefined, now: Instant, value: T | undefined): boolean =>
	value === undefined || alreadyHolds(line, from, now, value, sameJson);

/** Sets a value from an instant on; undefined changes nothing. */
const noted = <T>(line: Timeline<T>, from: Instant | null, value: T | undefined): Timeline<T> =>
	value === undefined ? line : insert(line, from, value);

export function installed({
	name,
	sectionMeters,
	kind,
	jurisdiction,
	latitude,
	longitude,
	road,
	direction,
	limits,
	from,
}: RadarFacts["radar.installed"]): Equipment {
	return {
		kind,
		jurisdiction,
		...(name === undefined ? {} : { name }),
		...(sectionMeters === undefined ? {} : { sectionMeters }),
		site: insert([], from, { latitude, longitude }),
		road: noted([], from, road),
		direction: noted([], from, direction),
		lightKmh: noted([], from, limits.lightKmh),
		heavyKmh: noted([], from, limits.heavyKmh),
		service: [],
		certificates: [],
		retiredAt: null,
	};
}

type Later = Omit<RadarFacts, "radar.installed">;
/** Folds for every fact after the installation. */
export const changed: { readonly [K in keyof Later]: (was: Equipment, data: Later[K]) => Equipment } = {
	"radar.described": (was, { name, road, direction, from }) => ({
		...was,
		...(name === undefined ? {} : { name }),
		road: noted(was.road, from, road),
		direction: noted(was.direction, from, direction),
	}),
	"radar.relocated": (was, { latitude, longitude, road, direction, from }) => ({
		...was,
		site: insert(was.site, from, { latitude, longitude }),
		road: noted(was.road, from, road),
		direction: noted(was.direction, from, direction),
	}),
	"radar.limitsChanged": (was, { lightKmh, heavyKmh, from }) => ({
		...was,
		lightKmh: noted(was.lightKmh, from, lightKmh),
		heavyKmh: noted(was.heavyKmh, from, heavyKmh),
	}),
	"radar.calibrated": (was, certificate) => ({ ...was, certificates: [...was.certificates, certificate] }),
	"radar.activated": (was, { from }) => ({ ...was, service: insert(was.service, from, true) }),
	"radar.deactivated": (was, { from }) => ({ ...was, service: insert(was.service, from, false) }),
	"radar.retired": (was, { from }) => ({ ...was, retiredAt: from }),
};

/** Number of ended entries and certificates to keep, in case a clock is set back. */
const ENDED = 32;
/** Keeps only the data that determines the state at this instant and later, so a row stays small however often a radar changes. */
export const since = (was: Equipment, at: Instant): Equipment => ({
	...was,
	site: recent(was.site, at, ENDED),
	road: recent(was.road, at, ENDED),
	direction: recent(was.direction, at, ENDED),
	lightKmh: recent(was.lightKmh, at, ENDED),
	heavyKmh: recent(was.heavyKmh, at, ENDED),
	service: recent(was.service, at, ENDED),
	certificates: was.certificates
		.toSorted((a, b) => (a.validUntil < b.validUntil ? -1 : 1))
		.filter(({ validUntil }, i, all) => validUntil > at || all.length - i <= ENDED),
});

const retiredBy = ({ retiredAt }: Equipment, at: Instant): boolean => retiredAt !== null && retiredAt <= at;
/** The site at an instant; before the first dated site, the first one applies. */
const siteAt = ({ site }: Equipment, at: Instant): Site => valueAt(site, at) ?? firstEntry(site)?.value ?? { latitude: 0, longitude: 0 };

export const enforcementOf = (equipment: Equipment, at: Instant): Enforcement => ({
	kind: equipment.kind,
	jurisdiction: equipment.jurisdiction,
	inService: valueAt(equipment.service, at) === true && !retiredBy(equipment, at),
	certified: equipment.certificates.some(({ validFrom, validUntil }) => validFrom <= at && at < validUntil),
	lightKmh: valueAt(equipment.lightKmh, at) ?? null,
	heavyKmh: valueAt(equipment.heavyKmh, at) ?? null,
	site: { ...siteAt(equipment, at), road: valueAt(equipment.road, at) ?? null },
});

/** The state of a radar at an instant; unknown fields are undefined. */
export function standing(equipment: Equipment, at: Instant) {
	const inService = valueAt(equipment.service, at);
	const status: "installed" | "active" | "inactive" | "retired" = retiredBy(equipment, at)
		? "retired"
		: inService === undefined
			? "installed"
			: inService
				? "active"
				: "inactive";
	return {
		kind: equipment.kind,
		jurisdiction: equipment.jurisdiction,
		name: equipment.name,
		...siteAt(equipment, at),
		road: valueAt(equipment.road, at),
		direction: valueAt(equipment.direction, at),
		lightKmh: valueAt(equipment.lightKmh, at),
		heavyKmh: valueAt(equipment.heavyKmh, at),
		sectionMeters: equipment.sectionMeters,
		status,
	};
}
