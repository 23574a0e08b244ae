/** Radars - the current state of each radar: its equipment, its certificate, whether it measures, and how often it did. */
import type { ServiceSchema } from "moleculer";
import { radarKinds } from "../../jurisdictions/index.ts";
import { Projected } from "../../mixins/read-models/projected.ts";
import { defined, entryAfter, type Fold, type Instant, projection, STAFF, type Timeline, type Touch } from "../../model/index.ts";
import type { DetectionFacts } from "./detection.service.ts";
import { type Certificate, changed, type Equipment, installed, type Limits, type RadarFacts, since, standing } from "./equipment.ts";

/** The row as stored: fields that depend on the instant stay timelines. */
interface Row {
	readonly equipment?: Equipment;
	readonly detections?: number;
	readonly qualified?: number;
}
interface Shown extends Omit<ReturnType<typeof standing>, "lightKmh" | "heavyKmh"> {
	readonly limits: Limits;
	/** The certificate that is valid now, otherwise the one that lasts longest. */
	readonly certificate: Certificate | null;
	/** Number of passages it measured. */
	readonly detections: number;
	/** Number of passages that are evidence. */
	readonly qualified: number;
}

const equipped =
	<D>(change: (was: Equipment, data: D) => Equipment): Fold<Row, D> =>
	(row, data, { at }) =>
		row && (row.equipment ? { ...row, equipment: since(change(row.equipment, data), at) } : row);
/** Counts on the row of the radar named in the detection. */
const counted = <D extends { readonly radar: string }>(fold: Fold<Row, D>): Touch<Row, D> => ({
	row: ({ radar }) => radar,
	fold,
	counts: true,
});

export const radars = projection<Row, RadarFacts & DetectionFacts, Shown>({
	name: "radars",
	of: "radar",
	may: { ...STAFF, metrologist: "all" },
	follows: ["radar"],
	on: {
		"radar.installed": (row, data) => ({ ...row, equipment: installed(data) }),
		"radar.described": equipped(changed["radar.described"]),
		"radar.relocated": equipped(changed["radar.relocated"]),
		"radar.limitsChanged": equipped(changed["radar.limitsChanged"]),
		"radar.calibrated": equipped(changed["radar.calibrated"]),
		"radar.activated": equipped(changed["radar.activated"]),
		"radar.deactivated": equipped(changed["radar.deactivated"]),
		"radar.retired": equipped(changed["radar.retired"]),
		"detection.recorded": counted((row) => ({ ...row, detections: (row?.detections ?? 0) + 1 })),
		"detection.qualified": counted((row) => ({ ...row, qualified: (row?.qualified ?? 0) + 1 })),
	},
	show: ({ equipment, detections = 0, qualified = 0 }, now) => {
		if (!equipment) return null; // a count arrived before the radar
		const { lightKmh, heavyKmh, ...stands } = standing(equipment, now);
		const limits = defined({ lightKmh, heavyKmh });
		return defined({ ...stands, limits, certificate: currentOf(equipment.certificates, now), detections, qualified });
	},
	changesAt: ({ equipment }, now) => {
		if (!equipment) return null;
		const { site, road, direction, lightKmh, heavyKmh, service, retiredAt } = equipment;
		const retired: Timeline<unknown> = retiredAt === null ? [] : [{ from: retiredAt, value: true }];
		return [site, road, direction, lightKmh, heavyKmh, service, retired]
			.map((line) => entryAfter(line, now)?.from ?? null)
			.reduce((first, next) => (first === null || (next !== null && next < first) ? next : first), null);
	},
	filters: ["kind", "status"],
	values: { kind: radarKinds, status: ["installed", "active", "inactive", "retired"] },
	counted: ["kind", "status"],
});

function currentOf(certificates: readonly Certificate[], now: Instant) {
	const covering = certificates.filter(({ validFrom, validUntil }) => validFrom <= now && now < validUntil);
	return (covering.length > 0 ? covering : certificates).reduce<Certificate | null>(
		(best, next) => (best && best.validUntil >= next.validUntil ? best : next),
		null,
	);
}

export default { name: radars.name, mixins: [Projected(radars)] } satisfies ServiceSchema;
