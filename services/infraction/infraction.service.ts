/** Infraction - the legal case of one qualified detection: judged once by the law of the instant, held by whoever held the vehicle then. */
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
	same,
	text,
	type Unknown,
} from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
interface Opened {
	readonly status: "unidentified" | "open" | "cancelled";
	readonly holder: string | null;
	/** What it was opened with: the same again is "already so". */
	readonly created: Omit<Opening, "id" | "holder">;
}
type Infraction = Unknown | Opened;

// -- Facts: stored for ever, so never renamed, extended with care --------------
export interface InfractionFacts {
	/** Everything a judge needs, copied at that instant. */
	"infraction.opened": Omit<Opening, "id"> & {
		/** 3, 4, 5 or délit, by the regime in force at the instant of the offence. */
		class: OffenceClass;
		/** Null where the law fixes none and a court does. */
		amounts: Amounts | null;
		/** Withdrawn from the driver's licence. */
		points: number;
		/** Version of the law it was judged by. */
		pack: string;
	};
	/** It had no holder, and has one now. */
	"infraction.identified": { holder: string; basis: string };
	/** Somebody else held the vehicle then, or nobody known. */
	"infraction.reassigned": { holder: string | null; basis: string };
	/** It is over; nothing moves it any more. */
	"infraction.cancelled": { reason: string };
}

const { command, define, fact } = aggregate<Infraction, InfractionFacts>();

// -- The model -------------------------------------------------------------------
const kmh = () => integer(0, 400);
const opening = {
	id: id(),
	/** Id of the detection; the case has the same. */
	detection: id(),
	radar: id(),
	/** Id of the vehicle; null for a plate no vehicle can have. */
	vehicle: nullable(text()),
	plate: text(),
	country: text(3),
	/** The instant of capture: it decides the law, and who held the vehicle. */
	occurredAt: instant(),
	/** As measured. */
	speedKmh: kmh(),
	/** Measured, less the technical tolerance (order of 4 June 2009). */
	retainedKmh: kmh(),
	/** That held there and then. */
	limitKmh: kmh(),
	/** Retained, less the limit. */
	excessKmh: integer(1, 400),
	jurisdiction: oneOf(...jurisdictionIds),
	/** Where the radar stood at that instant. */
	site: record({ latitude: decimal(-90, 90), longitude: decimal(-180, 180), road: nullable(text()) }),
	/** Id of the owner who held the vehicle at that instant; null while nobody is known. */
	holder: nullable(id()),
};
const basis = {
	/** Position of the vehicle's fact that showed who held it. */
	basis: text(),
};
type Opening = ParamsOf<typeof opening> & { jurisdiction: JurisdictionId; occurredAt: Instant };
const live = ["unidentified", "open"] as const;

export const infraction = define({
	name: "infraction",
	plural: "infractions",
	context: "infraction",
	begins: ["infraction.opened"],
	personal: { "infraction.opened": ["plate", "vehicle"] },
	commands: {
		/** Opens the case of a qualified detection, judged once by the law of the instant. */
		open: command(opening, {
			internal: true,
			bulk: true,
			from: ["unknown"],
			already: (state, { id: _id, holder: _holder, ...evidence }) => same(state.created, evidence),
			decide: (_unknown, { id: _id, ...evidence }) => [
				fact("infraction.opened", { ...evidence, ...judge(evidence.jurisdiction, evidence) }),
			],
		}),
		/** Gives a case its holder, when the registration comes after the offence. */
		identify: command(
			{ id: id(), holder: id(), ...basis },
			{
				internal: true,
				bulk: true,
				from: ["unidentified"],
				already: (state, { holder }) => state.holder === holder,
				decide: (_state, { holder, basis }) => [fact("infraction.identified", { holder, basis })],
			},
		),
		/** Moves a case to who held the vehicle then, when a sale dated back becomes known. */
		reassign: command(
			{ id: id(), holder: nullable(id()), ...basis },
			{
				internal: true,
				bulk: true,
				from: live,
				already: (state, { holder }) => state.holder === holder,
				decide: (_state, { holder, basis }) => [fact("infraction.reassigned", { holder, basis })],
			},
		),
		/** Ends the case; nothing moves it any more. */
		cancel: command(
			{ id: id(), reason: text() },
			{
				from: live,
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
