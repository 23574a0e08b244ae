/** Installation - the fields of a radar's commands that several of them share, and the stored form of an installation. */
import { jurisdictionIds, radarKinds } from "../../jurisdictions/index.ts";
import { decimal, defined, id, instant, integer, oneOf, optional, type ParamsOf, record, text } from "../../model/index.ts";
import type { RadarFacts } from "./equipment.ts";

const kmh = () => integer(1, 400);
export const site = {
	/** Decimal degrees, north positive. */
	latitude: decimal(-90, 90),
	/** Decimal degrees, east positive. */
	longitude: decimal(-180, 180),
};
export const description = {
	/** Name on the road signs: `A6`, `RD9785`. */
	road: optional(text()),
	/** Direction of the measured traffic. */
	direction: optional(text()),
};
export const limits = {
	/** Without it, only heavy vehicles with their own limit can exceed one. */
	lightKmh: optional(kmh()),
	/** Without it, the light limit also applies to heavy vehicles. */
	heavyKmh: optional(kmh()),
};
export const from = {
	/** Instant from which the change holds. */
	from: optional(instant(), "now"),
};
export const installation = {
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
export const asInstalled = ({ id: _id, jurisdiction = "FR", limits = {}, from, ...rest }: Installation): RadarFacts["radar.installed"] =>
	defined({ ...rest, jurisdiction, limits: defined(limits), from: from ?? null });
