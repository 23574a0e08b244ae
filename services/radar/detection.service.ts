/**
 * Detection - one vehicle measured once by one radar: evidence of an offence, or discarded with a reason. It has its own stream, apart from
 * the radar's.
 */
import type { ServiceSchema } from "moleculer";
import { type JurisdictionId, type RadarKind, readPlate, retainedSpeed } from "../../jurisdictions/index.ts";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import {
	aggregate,
	consult,
	type CommandOf,
	id,
	type Instant,
	instant,
	integer,
	invariant,
	isAfter,
	matching,
	minutes,
	oneOf,
	optional,
	type ParamsOf,
	sameJson,
	text,
	type Unknown,
} from "../../model/index.ts";
import { STAFF } from "../../model/index.ts";
import type { Enforcement, Site } from "./equipment.ts";

// -- State: what it remembers ------------------------------------------------
type Detection = Unknown | { readonly status: "qualified" | "discarded"; readonly passage: DetectionFacts["detection.recorded"] };

// -- Facts: stored permanently, so never renamed and extended with care ---------
/** The first reason that applies, in this order. */
export type DiscardReason = "RADAR_NOT_IN_SERVICE" | "CERTIFICATE_NOT_VALID" | "NO_LIMIT" | "WITHIN_TOLERANCE";
export interface DetectionFacts {
	/** The passage as measured. */
	"detection.recorded": {
		radar: string;
		plate: string;
		country: string;
		vehicleClass: "light" | "heavy";
		speedKmh: number;
		capturedAt: Instant;
	};
	/** The passage is evidence; the fact holds all data of the radar at that instant that a judge needs. */
	"detection.qualified": {
		radar: string;
		/** The limit for this class of vehicle at the instant of capture. */
		limitKmh: number;
		/** The measured speed minus the technical tolerance, in the driver's favor (order of 4 June 2009). */
		retainedKmh: number;
		/** The retained speed minus the limit. */
		excessKmh: number;
		kind: RadarKind;
		jurisdiction: JurisdictionId;
		site: Site & { road: string | null };
	};
	/** The passage is not evidence, but is kept for the auditor; `reason` is the first one that applies, in the order listed. */
	"detection.discarded": { reason: DiscardReason; limitKmh?: number; retainedKmh?: number };
}

const { command, define, fact } = aggregate<Detection, DetectionFacts>();

// -- Invariants ----------------------------------------------------------------
const captureIsNotAhead = invariant(
	"CAPTURED_IN_THE_FUTURE",
	"A capture is at most five minutes ahead of the clock",
	({ params, now }: { params: { capturedAt: Instant }; now: Instant }) => !isAfter(params.capturedAt, now, minutes(5)),
	{ then: "Correct the clock of the device, or send the passage again later." },
);

// -- The model -------------------------------------------------------------------
const passage = {
	id: id(),
	/** Id of the radar that measured it; its equipment at `capturedAt` decides. */
	radar: id(),
	/** Normalized to the form of its country: `ab123cd` becomes `AB-123-CD`; a plate that fits no rule stays as read. */
	plate: text(),
	/** Distinguishing sign of the country of registration: `FR`, `MA`, `D`. */
	country: matching(/^[A-Z]{1,3}$/, "1-3 capitals"),
	vehicleClass: optional(oneOf("light", "heavy"), "`light`"),
	/** As measured, before the tolerance. */
	speedKmh: integer(1, 400),
	/** At most five minutes ahead of the clock. */
	capturedAt: instant(),
};
type Passage = ParamsOf<typeof passage>;
const asRecorded = ({ id: _id, vehicleClass = "light", ...rest }: Passage): DetectionFacts["detection.recorded"] => ({
	...rest,
	vehicleClass,
});

export const detection = define({
	name: "detection",
	plural: "detections",
	context: "radar",
	statuses: { qualified: "it is evidence of an offence", discarded: "it is no evidence" },
	begins: ["detection.recorded"],
	personal: { "detection.recorded": { fields: ["plate"] } },
	reads: STAFF,
	commands: {
		/** Judges one measured passage: evidence of an offence, or discarded with a reason. */
		record: command(passage, {
			bulk: true,
			may: { device: "device", operator: "all" },
			allowedIn: ["unknown"],
			normalise: (params) => ({ ...params, plate: readPlate(params.country, params.plate).plate }),
			already: (state, params) => sameJson(state.passage, asRecorded(params)),
			consult: { radar: consult("radar.enforcementAt", ({ radar, capturedAt }: Passage) => ({ id: radar, at: capturedAt })) },
			require: [captureIsNotAhead],
			decide: (_unknown, params, { consulted }) => {
				const passage = asRecorded(params);
				return [fact("detection.recorded", passage), judge(passage, consulted.radar)];
			},
			answers: "`outcome`: `qualified` or `discarded`; with `reason` if discarded.",
			answer: ([, outcome]) =>
				outcome?.type === "detection.discarded" ? { outcome: "discarded", reason: outcome.data.reason } : { outcome: "qualified" },
		}),
	},
	asks: {},
	evolve: {
		"detection.recorded": (_unknown, data) => ({ status: "discarded", passage: data }), // the verdict follows in the same commit
		"detection.qualified": (state) => ({ ...state, status: "qualified" }),
		"detection.discarded": (state) => ({ ...state, status: "discarded" }),
	},
});

/** Decides whether a passage is evidence of an offence: the retained speed must exceed the limit (order of 4 June 2009). */
function judge({ radar: id, vehicleClass, speedKmh }: DetectionFacts["detection.recorded"], radar: Enforcement) {
	const discard = (reason: DiscardReason, measured: { limitKmh?: number; retainedKmh?: number } = {}) =>
		fact("detection.discarded", { reason, ...measured });
	if (!radar.inService) return discard("RADAR_NOT_IN_SERVICE");
	if (!radar.certified) return discard("CERTIFICATE_NOT_VALID");
	const limitKmh = (vehicleClass === "heavy" ? radar.heavyKmh : null) ?? radar.lightKmh;
	if (limitKmh === null) return discard("NO_LIMIT");
	const retainedKmh = retainedSpeed(radar.jurisdiction, radar.kind, speedKmh);
	if (retainedKmh <= limitKmh) return discard("WITHIN_TOLERANCE", { limitKmh, retainedKmh });
	const { kind, jurisdiction, site } = radar;
	return fact("detection.qualified", { radar: id, limitKmh, retainedKmh, excessKmh: retainedKmh - limitKmh, kind, jurisdiction, site });
}

declare module "../../model/define.ts" {
	interface Commands {
		"detection.record": CommandOf<typeof detection, "record">;
	}
}

export default { name: detection.name, mixins: [EventSourced(detection, { remembered: 1000 })] } satisfies ServiceSchema;
