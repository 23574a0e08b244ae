/** Radars - each radar as it stands now: what was given, its certificate, whether it measures, and how often it did. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/projected.ts";
import { entryAfter, type Fold, given, insert, type Instant, projection, type Timeline, type Touch, valueAt } from "../../model/index.ts";
import type { DetectionFacts } from "./detection.service.ts";
import type { RadarFacts, Site } from "./radar.service.ts";

type Installed = RadarFacts["radar.installed"];
/** The row as it is kept: what depends on the instant stays a timeline. */
interface Row {
	readonly installed?: Omit<Installed, "latitude" | "longitude" | "road" | "direction" | "limits">;
	readonly name?: string;
	readonly site?: Timeline<Site>;
	readonly road?: Timeline<string>;
	readonly direction?: Timeline<string>;
	readonly lightKmh?: Timeline<number>;
	readonly heavyKmh?: Timeline<number>;
	readonly service?: Timeline<"active" | "inactive" | "retired">;
	readonly certificates?: readonly RadarFacts["radar.calibrated"][];
	readonly detections?: number;
	readonly qualified?: number;
}
interface Shown extends Pick<Installed, "kind" | "jurisdiction"> {
	readonly name?: string;
	readonly latitude?: number;
	readonly longitude?: number;
	readonly road?: string;
	readonly direction?: string;
	readonly limits: Installed["limits"];
	readonly sectionMeters?: number;
	readonly status: "installed" | "active" | "inactive" | "retired";
	/** The one that covers now, else the one that lasts longest. */
	readonly certificate: RadarFacts["radar.calibrated"] | null;
	readonly detections: number;
	readonly qualified: number;
}

const noted = <T>(line: Timeline<T> | undefined, from: Instant | null, value: T | undefined): Timeline<T> =>
	value === undefined ? (line ?? []) : insert(line ?? [], from, value);
const lines = ({ site, road, direction, lightKmh, heavyKmh, service }: Row): readonly Timeline<unknown>[] =>
	[site, road, direction, lightKmh, heavyKmh, service].map((line) => line ?? []);
/** On the radar's own row, by how it is called in the detection. */
const counted = <D>(row: (data: D) => string | null, fold: Fold<Row, D>): Touch<Row, D> => ({ row, fold });

export const radars = projection<Row, RadarFacts & DetectionFacts, Shown>({
	name: "radars",
	of: "radar",
	follows: ["radar"],
	on: {
		"radar.installed": (row, { latitude, longitude, road, direction, limits, ...installed }) => ({
			...row,
			installed,
			...given({ name: installed.name }),
			site: noted(row?.site, installed.from, { latitude, longitude }),
			road: noted(row?.road, installed.from, road),
			direction: noted(row?.direction, installed.from, direction),
			lightKmh: noted(row?.lightKmh, installed.from, limits.lightKmh),
			heavyKmh: noted(row?.heavyKmh, installed.from, limits.heavyKmh),
		}),
		"radar.described": (row, { name, road, direction, from }) => ({
			...row,
			...given({ name }),
			road: noted(row?.road, from, road),
			direction: noted(row?.direction, from, direction),
		}),
		"radar.relocated": (row, { latitude, longitude, road, direction, from }) => ({
			...row,
			site: noted(row?.site, from, { latitude, longitude }),
			road: noted(row?.road, from, road),
			direction: noted(row?.direction, from, direction),
		}),
		"radar.limitsChanged": (row, { lightKmh, heavyKmh, from }) => ({
			...row,
			lightKmh: noted(row?.lightKmh, from, lightKmh),
			heavyKmh: noted(row?.heavyKmh, from, heavyKmh),
		}),
		"radar.calibrated": (row, certificate) => ({ ...row, certificates: [...(row?.certificates ?? []), certificate] }),
		"radar.activated": (row, { from }) => ({ ...row, service: noted(row?.service, from, "active") }),
		"radar.deactivated": (row, { from }) => ({ ...row, service: noted(row?.service, from, "inactive") }),
		"radar.retired": (row, { from }) => ({
			...row,
			service: [...(row?.service ?? []).filter((entry) => entry.from === null || entry.from < from), { from, value: "retired" }],
		}),
		"detection.recorded": counted(
			({ radar }) => radar,
			(row) => ({ ...row, detections: (row?.detections ?? 0) + 1 }),
		),
		"detection.qualified": counted(
			({ radar }) => radar,
			(row) => ({ ...row, qualified: (row?.qualified ?? 0) + 1 }),
		),
	},
	show: (row, now): Shown | null => {
		const { installed } = row;
		if (!installed) return null; // a count that came before the radar
		const status: Shown["status"] = valueAt(row.service ?? [], now) ?? "installed";
		return given({
			name: row.name,
			kind: installed.kind,
			...valueAt(row.site ?? [], now),
			road: valueAt(row.road ?? [], now),
			direction: valueAt(row.direction ?? [], now),
			jurisdiction: installed.jurisdiction,
			limits: given({ lightKmh: valueAt(row.lightKmh ?? [], now), heavyKmh: valueAt(row.heavyKmh ?? [], now) }),
			sectionMeters: installed.sectionMeters,
			status,
			certificate: currentOf(row.certificates ?? [], now),
			detections: row.detections ?? 0,
			qualified: row.qualified ?? 0,
		});
	},
	due: (row, now) =>
		lines(row)
			.map((line) => entryAfter(line, now)?.from ?? null)
			.reduce((first, next) => (first === null || (next !== null && next < first) ? next : first), null),
	filters: ["kind", "status"],
	counted: ["kind", "status"],
});

function currentOf(certificates: NonNullable<Row["certificates"]>, now: Instant) {
	const covering = certificates.filter(({ validFrom, validUntil }) => validFrom <= now && now < validUntil);
	return (covering.length > 0 ? covering : certificates).reduce<RadarFacts["radar.calibrated"] | null>(
		(best, next) => (best && best.validUntil >= next.validUntil ? best : next),
		null,
	);
}

export default { name: radars.name, mixins: [Projected(radars)] } satisfies ServiceSchema;
