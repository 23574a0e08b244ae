/**
 * Infraction - the legal case of one qualified detection, judged once by the law at that instant and held by the owner who then held the
 * vehicle.
 */
import type { ServiceSchema } from "moleculer";
import { type Amounts, type JurisdictionId, jurisdictionIds, judge, type OffenceClass } from "../../jurisdictions/index.ts";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import {
	aggregate,
	type CommandOf,
	decimal,
	id,
	type Instant,
	instant,
	integer,
	nullable,
	oneOf,
	type ParamsOf,
	record,
	sameJson,
	text,
	type Unknown,
} from "../../model/index.ts";
import { PROCESS, STAFF } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
interface Opened {
	readonly status: "unidentified" | "open" | "cancelled";
	readonly holder: string | null;
	/** The params it was opened with: the same params again are "already so". */
	readonly created: Omit<Opening, "id" | "holder">;
}
type Infraction = Unknown | Opened;

// -- Facts: stored permanently, so never renamed and extended with care ---------
export interface InfractionFacts {
	/** A case was opened, with a copy of all the data that the judgement needs. */
	"infraction.opened": Omit<Opening, "id"> & {
		/** 3, 4, 5 or délit, by the regime in force at the instant of the offence. */
		class: OffenceClass;
		/** Null if the law fixes none and a court decides. */
		amounts: Amounts | null;
		/** Points deducted from the driver's license. */
		points: number;
		/** Version of the law that judged it. */
		pack: string;
	};
	/** A holder became known for a case without one. */
	"infraction.identified": { holder: string; basis: string };
	/** The case moved: another owner held the vehicle then, or no known owner. */
	"infraction.reassigned": { holder: string | null; basis: string };
	/** The case ended; no holder change follows. */
	"infraction.cancelled": { reason: string };
}

const { command, define, fact } = aggregate<Infraction, InfractionFacts>();

// -- The model -------------------------------------------------------------------
const kmh = () => integer(0, 400);
const opening = {
	id: id(),
	/** Id of the detection; the case has the same id. */
	detection: id(),
	radar: id(),
	/** Id of the vehicle; null if no vehicle can have this plate. */
	vehicle: nullable(text()),
	plate: text(),
	country: text(3),
	/** The instant of capture: it determines the law and the holder. */
	occurredAt: instant(),
	/** As measured. */
	speedKmh: kmh(),
	/** The measured speed minus the technical tolerance (order of 4 June 2009). */
	retainedKmh: kmh(),
	/** The limit at that place and instant. */
	limitKmh: kmh(),
	/** The retained speed minus the limit. */
	excessKmh: integer(1, 400),
	jurisdiction: oneOf(...jurisdictionIds),
	/** Place of the radar at that instant. */
	site: record({ latitude: decimal(-90, 90), longitude: decimal(-180, 180), road: nullable(text()) }),
	/** Id of the owner who held the vehicle at that instant; null if not known. */
	holder: nullable(id()),
};
const basis = {
	/** Position of the vehicle's fact that determined the holder. */
	basis: text(),
};
type Opening = ParamsOf<typeof opening> & { jurisdiction: JurisdictionId; occurredAt: Instant };
const live = ["unidentified", "open"] as const;

export const infraction = define({
	name: "infraction",
	plural: "infractions",
	context: "infraction",
	statuses: { unidentified: "its holder is not known", open: "its holder is known", cancelled: "it has ended" },
	begins: ["infraction.opened"],
	personal: { "infraction.opened": { fields: ["plate", "vehicle"] } },
	reads: STAFF,
	commands: {
		/** Opens the case of a qualified detection and judges it once, by the law at that instant. */
		open: command(opening, {
			internal: true,
			may: PROCESS,
			allowedIn: ["unknown"],
			already: (state, { id: _id, holder: _holder, ...evidence }) => sameJson(state.created, evidence),
			decide: (_unknown, { id: _id, ...evidence }) => [
				fact("infraction.opened", { ...evidence, ...judge(evidence.jurisdiction, evidence) }),
			],
		}),
		/** Sets the holder of a case when the registration arrives after the offence. */
		identify: command(
			{ id: id(), holder: id(), ...basis },
			{
				internal: true,
				may: PROCESS,
				allowedIn: ["unidentified"],
				already: (state, { holder }) => state.holder === holder,
				decide: (_state, { holder, basis }) => [fact("infraction.identified", { holder, basis })],
			},
		),
		/** Moves a case to the owner who held the vehicle then, when a backdated sale arrives. */
		reassign: command(
			{ id: id(), holder: nullable(id()), ...basis },
			{
				internal: true,
				may: PROCESS,
				allowedIn: live,
				already: (state, { holder }) => state.holder === holder,
				decide: (_state, { holder, basis }) => [fact("infraction.reassigned", { holder, basis })],
			},
		),
		/** Ends the case; no holder change follows. */
		cancel: command(
			{ id: id(), reason: text() },
			{
				may: { officer: "all", supervisor: "all" },
				allowedIn: live,
				already: (state) => state.status === "cancelled",
				decide: (_state, { reason }) => [fact("infraction.cancelled", { reason })],
			},
		),
	},
	asks: {},
	evolve: {
		"infraction.opened": (_unknown, { class: _class, amounts: _amounts, points: _points, pack: _pack, holder, ...created }) => ({
			status: holder === null ? "unidentified" : "open",
			holder,
			created,
		}),
		"infraction.identified": (state, { holder }) => ({ ...state, status: "open", holder }),
		"infraction.reassigned": (state, { holder }) => ({ ...state, status: holder === null ? "unidentified" : "open", holder }),
		"infraction.cancelled": (state) => ({ ...state, status: "cancelled" }),
	},
});

declare module "../../model/define.ts" {
	interface Commands {
		"infraction.open": CommandOf<typeof infraction, "open">;
		"infraction.identify": CommandOf<typeof infraction, "identify">;
		"infraction.reassign": CommandOf<typeof infraction, "reassign">;
	}
}

export default { name: infraction.name, mixins: [EventSourced(infraction, { remembered: 1000 })] } satisfies ServiceSchema;
