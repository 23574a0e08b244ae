/**
 * CaseOpening - turns every qualified detection into a case of the owner who held the vehicle at the instant of capture. Later news (a
 * registration, a backdated sale) moves the cases it affects. Every order of arrival ends in the same cases.
 */
import type { ServiceSchema } from "moleculer";
import { readPlate } from "../../jurisdictions/index.ts";
import { Processing } from "../../mixins/processes/processing.ts";
import { beside, type CommandOf, entryAfter, insert, type Instant, type Origin, processManager } from "../../model/index.ts";
import { send, type Timeline, valueAt } from "../../model/index.ts";
import type { DetectionFacts } from "../radar/detection.service.ts";
import type { VehicleFacts } from "../registration/vehicle.service.ts";
import type { infraction, InfractionFacts } from "./infraction.service.ts";

type Opening = Omit<CommandOf<typeof infraction, "open">, "holder">;
/** One case: the params that open it until it is open, then its current state. */
interface Case {
	/** Null if no vehicle can have this plate. */
	readonly vehicle?: string | null;
	readonly occurredAt?: Instant;
	readonly opening?: Opening;
	readonly stands?: { readonly id: string; readonly version: number; readonly holder: string | null; readonly cancelled: boolean };
}
/** The holders of a vehicle, and the fact that last changed them. */
interface Vehicle {
	readonly holders: Timeline<string | null>;
	readonly basis: string;
}
type Facts = Pick<DetectionFacts, "detection.qualified"> &
	InfractionFacts &
	Pick<VehicleFacts, "vehicle.registered" | "vehicle.transferred" | "vehicle.deregistered">;

export const caseOpening = processManager<Case, Facts, { vehicle: Vehicle }>({
	name: "case-opening",
	follows: ["radar", "registration", "infraction"],
	subjects: {
		start: {
			"detection.qualified": (known, judged, origin) => {
				const passage = beside<DetectionFacts, "detection.recorded">(origin, "detection.recorded");
				if (!passage) throw new Error("a detection is qualified in the commit that records it");
				const { vehicle, occurredAt, ...opening } = openingOf(origin.id, passage, judged);
				return { ...known, vehicle, occurredAt, ...(known?.stands ? {} : { opening: { ...opening, vehicle, occurredAt } }) };
			},
		},
		continue: {
			"infraction.opened": (known, { holder }, origin) => stands(known, origin, { holder, cancelled: false }),
			"infraction.identified": (known, { holder }, origin) => stands(known, origin, { holder, cancelled: false }),
			"infraction.reassigned": (known, { holder }, origin) => stands(known, origin, { holder, cancelled: false }),
			"infraction.cancelled": (known, _cancelled, origin) =>
				stands(known, origin, { holder: known?.stands?.holder ?? null, cancelled: true }),
		},
	},
	references: {
		vehicle: {
			needs: ({ vehicle, occurredAt }) => (vehicle && occurredAt ? { reference: vehicle, at: occurredAt } : null),
			on: {
				"vehicle.registered": (known, { owner, from }, origin) => held(known, from, owner, origin),
				"vehicle.transferred": (known, { owner, from }, origin) => held(known, from, owner, origin),
				"vehicle.deregistered": (known, { from }, origin) => held(known, from, null, origin),
			},
			changed: ({ holders }, { from }) => ({ from, to: entryAfter(holders, from)?.from ?? null }),
		},
	},
	sends: ["infraction.open", "infraction.identify", "infraction.reassign"],
	next: ({ occurredAt, opening, stands: now }, { vehicle }) => {
		if (!occurredAt) return []; // the case arrived before its detection
		const holder = vehicle ? (valueAt(vehicle.holders, occurredAt) ?? null) : null;
		if (!now) return opening ? [send("infraction.open", { ...opening, holder }, "open")] : [];
		if (now.cancelled || now.holder === holder) return [];
		const moved = { id: now.id, basis: vehicle?.basis ?? "unregistered" };
		return [
			now.holder === null && holder !== null
				? send("infraction.identify", { ...moved, holder }, `${now.version}`)
				: send("infraction.reassign", { ...moved, holder }, `${now.version}`),
		];
	},
});

function openingOf(
	id: string,
	passage: DetectionFacts["detection.recorded"],
	{ limitKmh, retainedKmh, excessKmh, jurisdiction, site }: DetectionFacts["detection.qualified"],
) {
	const { radar, plate, country, speedKmh, capturedAt } = passage;
	const vehicle = readPlate(country, plate).wellFormed ? `${country}-${plate}` : null;
	return {
		id,
		detection: id,
		radar,
		vehicle,
		plate,
		country,
		occurredAt: capturedAt,
		speedKmh,
		retainedKmh,
		limitKmh,
		excessKmh,
		jurisdiction,
		site,
	};
}
/** Drops `opening`: an open case has its own copy. */
function stands(known: Case | null, { id, version }: Origin, { holder, cancelled }: { holder: string | null; cancelled: boolean }): Case {
	const { opening: _opened, ...rest } = known ?? {};
	return { ...rest, stands: { id, version, holder, cancelled } };
}
const held = (known: Vehicle | null, from: Instant | null, owner: string | null, { log, partition, position }: Origin): Vehicle => ({
	holders: insert(known?.holders ?? [], from, owner),
	basis: `${log}:${partition}:${position}`,
});

export default { name: caseOpening.name, mixins: [Processing(caseOpening)] } satisfies ServiceSchema;
