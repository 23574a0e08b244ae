/** Equipment - what is known of a radar over time, folded the same way by the actor that decides and by the read model that shows. */
import type { JurisdictionId, RadarKind } from "../../jurisdictions/index.ts";
import { alreadyHolds, firstEntry, insert, type Instant, recent, same, type Timeline, valueAt } from "../../model/index.ts";

export interface Site {
	readonly latitude: number;
	readonly longitude: number;
}
/** Covers the captures of `[validFrom, validUntil)`. */
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

export interface RadarFacts {
	/** It came into being, with what it was given; `from: null` unless that was dated. */
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
	/** Called otherwise; what is absent stays. */
	"radar.described": { name?: string; road?: string; direction?: string; from: Instant };
	/** Set up elsewhere; road and direction stay where they are absent. */
	"radar.relocated": { latitude: number; longitude: number; road?: string; direction?: string; from: Instant };
	/** Other limits; one that is absent stays. */
	"radar.limitsChanged": Limits & { from: Instant };
	/** One more verification certificate, whenever it is or was valid. */
	"radar.calibrated": Certificate;
	/** In service from that instant on. */
	"radar.activated": { from: Instant };
	/** Out of service from that instant on. */
	"radar.deactivated": { from: Instant; reason: string };
	/** Out of service for good. */
	"radar.retired": { from: Instant; reason?: string };
}

/** Certificates of one radar: verified yearly, it needs a hundred in a century. */
const MOST_CERTIFICATES = 1000;
export const hasRoomForCertificate = ({ state }: { readonly state: { readonly equipment: Equipment } }): boolean =>
	state.equipment.certificates.length < MOST_CERTIFICATES;

/** Whether a value is what holds already; one that is not given is. */
export const holds = <T>(line: Timeline<T>, from: Instant | undefined, now: Instant, value: T | undefined): boolean =>
	value === undefined || alreadyHolds(line, from, now, value, same);

/** A new value from an instant on; what is not given stays as it is. */
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
/** Every fact after the installation. */
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

/** Entries and certificates that ended before an instant and are kept all the same, in case a clock is set back. */
const ENDED = 32;
/** What is needed to tell how it stands at an instant and later: a read model remembers no more, however often a radar changes. */
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
/** Before the first site of a radar whose installation is dated, its first one stands. */
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

/** How a radar stands at an instant: what is not known is absent. */
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
