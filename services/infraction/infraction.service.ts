/** Infraction - the legal case of one qualified detection: judged once by the law of the instant, held by whoever held the vehicle then. */
import type { ServiceSchema } from "moleculer";
import { type Amounts, type JurisdictionId, jurisdictionIds, judge, type OffenceClass } from "../../jurisdictions/index.ts";
import { EventSourced } from "../../mixins/event-sourced.ts";
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
	"infraction.opened": Omit<Opening, "id"> & { class: OffenceClass; amounts: Amounts | null; points: number; pack: string };
	/** `basis`: the vehicle's fact that showed who held it. */
	"infraction.identified": { holder: string; basis: string };
	"infraction.reassigned": { holder: string | null; basis: string };
	"infraction.cancelled": { reason: string };
}

const { command, define, fact } = aggregate<Infraction, InfractionFacts>();

// -- The model -------------------------------------------------------------------
const kmh = () => integer(0, 400);
const opening = {
	id: id(),
	detection: id(),
	radar: id(),
	vehicle: nullable(text()),
	plate: text(),
	country: text(3),
	occurredAt: instant(),
	speedKmh: kmh(),
	retainedKmh: kmh(),
	limitKmh: kmh(),
	excessKmh: integer(1, 400),
	jurisdiction: oneOf(...jurisdictionIds),
	site: record({ latitude: decimal(-90, 90), longitude: decimal(-180, 180), road: nullable(text()) }),
	holder: nullable(id()),
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
		open: command(opening, {
			internal: true,
			bulk: true,
			from: ["unknown"],
			already: (state, { id: _id, holder: _holder, ...evidence }) => same(state.created, evidence),
			decide: (_unknown, { id: _id, ...evidence }) => [
				fact("infraction.opened", { ...evidence, ...judge(evidence.jurisdiction, evidence) }),
			],
		}),
		identify: command(
			{ id: id(), holder: id(), basis: text() },
			{
				internal: true,
				bulk: true,
				from: ["unidentified"],
				already: (state, { holder }) => state.holder === holder,
				decide: (_state, { holder, basis }) => [fact("infraction.identified", { holder, basis })],
			},
		),
		reassign: command(
			{ id: id(), holder: nullable(id()), basis: text() },
			{
				internal: true,
				bulk: true,
				from: live,
				already: (state, { holder }) => state.holder === holder,
				decide: (_state, { holder, basis }) => [fact("infraction.reassigned", { holder, basis })],
			},
		),
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
