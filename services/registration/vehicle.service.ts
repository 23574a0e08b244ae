/** Vehicle - a plate of a country and its holders over time: exactly one at a time, with the full history. */
import type { ServiceSchema } from "moleculer";
import { readPlate } from "../../jurisdictions/index.ts";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, alreadyHolds, consult, defined, entryAfter, entryAt, id, insert, type Instant } from "../../model/index.ts";
import { instant, integer, invariant, matching, oneOf, OPERATOR, optional, type ParamsOf, sameJson } from "../../model/index.ts";
import { type Situation, STAFF, text, type Timeline, type Unknown } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
interface Registered {
	readonly status: "registered" | "deregistered";
	readonly created: VehicleFacts["vehicle.registered"];
	readonly details: Details;
	/** Owner ids; null from a deregistration on. */
	readonly holders: Timeline<string | null>;
}
type Vehicle = Unknown | Registered;

// -- Facts: stored permanently, so never renamed and extended with care ---------
interface Details {
	readonly type: "car" | "bus" | "truck" | "motorcycle";
	readonly brand: string;
	readonly model: string;
	readonly fiscalPower: number;
}
export interface VehicleFacts {
	/** The owner holds it from that instant on; recorded again when it is registered after a deregistration. */
	"vehicle.registered": Details & { plate: string; country: string; owner: string; from: Instant | null };
	/** Another owner holds it from that instant on. */
	"vehicle.transferred": { owner: string; from: Instant };
	/** Details were corrected; absent fields stay the same. */
	"vehicle.corrected": Partial<Details>;
	/** It has no holder from that instant on. */
	"vehicle.deregistered": { from: Instant };
}

/** Answer of `holderAt`. */
interface Holding {
	readonly vehicle: string;
	readonly at: Instant;
	/** Null if no holder is known, or it was deregistered. */
	readonly owner: string | null;
	/** Start of the holding; null is the beginning of time. */
	readonly from: Instant | null;
	/** End of the holding; null if none is known. */
	readonly to: Instant | null;
}

const { ask, command, define, fact } = aggregate<Vehicle, VehicleFacts>();

// -- Invariants ----------------------------------------------------------------
const plateIsOfItsCountry = invariant(
	"PLATE_MALFORMED",
	"A plate is registered in the form its country gives",
	({ params }: { params: { country: string; plate: string } }) => readPlate(params.country, params.plate).wellFormed,
	{ status: 422, then: "Correct the plate or the country." },
);
const isRegisteredThen = invariant(
	"VEHICLE_DEREGISTERED",
	"A vehicle that is deregistered at that instant has to be registered again first",
	({ state, params, now }: Situation<Registered, { from?: Instant }>) => entryAt(state.holders, params.from ?? now)?.value !== null,
	{ then: "Register it again, or name an instant at which an owner holds it." },
);
const isFreeThen = invariant(
	"VEHICLE_ALREADY_EXISTS",
	"A vehicle is registered again only from an instant at which it is deregistered",
	({ state, params, now }: Situation<Vehicle, { from?: Instant }>) =>
		state.status === "unknown" || entryAt(state.holders, params.from ?? now)?.value === null,
	{ then: "Transfer it, or deregister it first." },
);

// -- The model -------------------------------------------------------------------
const type = () => oneOf("car", "bus", "truck", "motorcycle");
const vehicleId = id(/^[A-Z]{1,3}-[A-Za-z0-9._ -]{1,60}$/, "id: `<country>-<plate>`");
const power = () => integer(1, 999);
const registration = {
	/** Must match country and plate. */
	id: optional(vehicleId, "`<country>-<plate>`"),
	/** Normalized to the form of its country: `ab123cd` becomes `AB-123-CD`. */
	plate: text(32),
	/** Distinguishing sign of the country of registration: `FR`, `MA`, `D`. */
	country: matching(/^[A-Z]{1,3}$/, "1-3 capitals"),
	type: type(),
	brand: text(),
	model: text(),
	/** Fiscal horsepower (P.6 of the French certificate). */
	fiscalPower: power(),
	/** Id of the owner who holds it; the owner must exist. */
	owner: id(),
	/** Instant from which they hold it. */
	from: optional(instant(), "the beginning of time; now after a deregistration"),
};
const from = {
	/** Instant from which it holds; if backdated, it moves the affected cases. */
	from: optional(instant(), "now"),
};
const asRegistered = (
	{ id: _id, from, ...rest }: ParamsOf<typeof registration>,
	atFirst: Instant | null,
): VehicleFacts["vehicle.registered"] => ({ ...rest, from: from ?? atFirst });
const ownerExists = { owner: consult("owner.exists", ({ owner }: { owner: string }) => ({ id: owner })) };

export const vehicle = define({
	name: "vehicle",
	plural: "vehicles",
	context: "registration",
	id: vehicleId,
	statuses: { registered: "an owner holds it", deregistered: "it has a deregistration, so it has no holder from that instant on" },
	begins: ["vehicle.registered"],
	personal: { "vehicle.registered": { fields: ["plate"] } },
	reads: STAFF,
	commands: {
		/** Registers a vehicle to its holder, also again after a deregistration. */
		register: command(registration, {
			may: OPERATOR,
			allowedIn: ["unknown", "deregistered", "registered"],
			identity: ({ country, plate }) => `${country}-${readPlate(country, plate).plate}`,
			normalise: (params) => ({ ...params, plate: readPlate(params.country, params.plate).plate }),
			already: (state, params) => state.status === "registered" && sameJson(state.created, asRegistered(params, state.created.from)),
			consult: ownerExists,
			require: [plateIsOfItsCountry, isFreeThen],
			decide: (state, params, { now }) => [fact("vehicle.registered", asRegistered(params, state.status === "unknown" ? null : now))],
		}),
		/** Transfers it to another holder from an instant on. */
		transfer: command(
			{ id: vehicleId, owner: id(), ...from },
			{
				may: OPERATOR,
				allowedIn: ["registered", "deregistered"],
				already: (state, { owner, from }, { now }) => alreadyHolds(state.holders, from, now, owner),
				consult: ownerExists,
				require: [isRegisteredThen],
				decide: (_state, { owner, from }, { now }) => [fact("vehicle.transferred", { owner, from: from ?? now })],
			},
		),
		/** Corrects the recorded details of the vehicle; absent fields stay the same. */
		correct: command(
			{ id: vehicleId, type: optional(type()), brand: optional(text()), model: optional(text()), fiscalPower: optional(power()) },
			{
				may: OPERATOR,
				allowedIn: ["registered", "deregistered"],
				oneOf: ["type", "brand", "model", "fiscalPower"],
				already: (state, { id: _id, ...fields }) => sameJson({ ...state.details, ...defined(fields) }, state.details),
				decide: (_state, { id: _id, ...fields }) => [fact("vehicle.corrected", defined(fields))],
			},
		),
		/** Removes it from the register from an instant on: exported, destroyed, or kept off the road. */
		deregister: command(
			{ id: vehicleId, ...from },
			{
				may: OPERATOR,
				allowedIn: ["registered", "deregistered"],
				already: (state, { from }, { now }) => alreadyHolds(state.holders, from, now, null),
				decide: (_state, { from }, { now }) => [fact("vehicle.deregistered", { from: from ?? now })],
			},
		),
	},
	asks: {
		/** The holder at an instant. */
		holderAt: ask(
			{ id: vehicleId, at: optional(instant(), "now") },
			STAFF,
			(state, { at }, { now, id }): Holding => {
				const entry = entryAt(state.holders, at ?? now);
				return {
					vehicle: id,
					at: at ?? now,
					owner: entry?.value ?? null,
					from: entry?.from ?? null,
					to: entryAfter(state.holders, at ?? now)?.from ?? null,
				};
			},
			"holder",
		),
	},
	evolve: {
		"vehicle.registered": (state, data) => ({
			status: "registered",
			created: data,
			details: { type: data.type, brand: data.brand, model: data.model, fiscalPower: data.fiscalPower },
			holders: insert(state.status === "unknown" ? [] : state.holders, data.from, data.owner),
		}),
		"vehicle.transferred": (state, { owner, from }) => ({ ...state, holders: insert(state.holders, from, owner) }),
		"vehicle.corrected": (state, data) => ({ ...state, details: { ...state.details, ...data } }),
		"vehicle.deregistered": (state, { from }) => ({ ...state, status: "deregistered", holders: insert(state.holders, from, null) }),
	},
});

export default { name: vehicle.name, mixins: [EventSourced(vehicle)] } satisfies ServiceSchema;
