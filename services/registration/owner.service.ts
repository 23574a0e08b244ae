/** Owner - a person or a company that vehicles are registered to. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import {
	aggregate,
	consult,
	date,
	email,
	defined,
	id,
	invariant,
	oneOf,
	OPERATOR,
	optional,
	ownerSubject,
	type ParamsOf,
	type Personal,
	sameJson,
	STAFF,
	text,
	type Unknown,
} from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
interface Registered {
	readonly status: "registered";
	readonly created: OwnerFacts["owner.registered"];
	readonly details: OwnerFacts["owner.registered"];
}
type Owner = Unknown | Registered | { readonly status: "forgotten" };

// -- Facts: stored permanently, so never renamed and extended with care ---------
export interface OwnerFacts {
	/** An owner became known, with these details. */
	"owner.registered": {
		kind: "person" | "company";
		name: Personal<string>;
		birthDate?: Personal<string>;
		nationalId?: Personal<string>;
		email: Personal<string>;
		phone?: Personal<string>;
		address?: Personal<string>;
	};
	/** Details were corrected; absent fields stay the same. */
	"owner.corrected": Partial<OwnerFacts["owner.registered"]>;
	/** The owner's data was destroyed: it is null in this fact's answers and in all earlier ones. */
	"owner.forgotten": { reason: string };
}

const { ask, command, define, fact } = aggregate<Owner, OwnerFacts>();

// -- Invariants ----------------------------------------------------------------
const noCaseNeedsIt = invariant(
	"OWNER_NEEDED",
	"The data of an owner is kept while a case of theirs is open",
	({ consulted }: { consulted: { cases: { ids: readonly string[] } } }) => consulted.cases.ids.length === 0,
	{
		then: "Wait until the case has ended, or cancel it.",
		says: ({ consulted: { cases } }) => `The data is needed by ${cases.ids.map((id) => `the case ${id}`).join(", ")}`,
	},
);

// -- The model -------------------------------------------------------------------
const identity = {
	/** `YYYY-MM-DD`. */
	birthDate: optional(date()),
	/** National identity number; of a company, its registration number. */
	nationalId: optional(text()),
	phone: optional(text()),
	/** Postal address in one text. */
	address: optional(text()),
};
const registration = {
	id: id(),
	kind: oneOf("person", "company"),
	/** First and last name of the person, or name of the company. */
	name: text(),
	email: email(),
	...identity,
};
const correction = { id: id(), kind: optional(oneOf("person", "company")), name: optional(text()), email: optional(email()), ...identity };
const forgetting = {
	id: id(),
	/** Why the data has to go; it is kept, so it may not contain personal data. */
	reason: text(),
};
const personal = ["name", "birthDate", "nationalId", "email", "phone", "address"] as const;
const details = ({ id: _id, ...rest }: ParamsOf<typeof registration>): OwnerFacts["owner.registered"] => defined(rest);
const corrected = ({ id: _id, ...rest }: ParamsOf<typeof correction>): OwnerFacts["owner.corrected"] => defined(rest);

export const owner = define({
	name: "owner",
	plural: "owners",
	context: "registration",
	statuses: { registered: "vehicles can be registered to it", forgotten: "its data was destroyed" },
	begins: ["owner.registered"],
	personal: {
		"owner.registered": { fields: personal, of: ({ id }) => ownerSubject(id) },
		"owner.corrected": { fields: personal, of: ({ id }) => ownerSubject(id) },
	},
	forgets: { "owner.forgotten": ({ id }) => ownerSubject(id) },
	reads: STAFF,
	commands: {
		/** Registers a person or a company, so that vehicles can be registered to them. */
		register: command(registration, {
			may: OPERATOR,
			allowedIn: ["unknown"],
			already: (state, params) => state.status === "registered" && sameJson(state.created, details(params)),
			decide: (_unknown, params) => [fact("owner.registered", details(params))],
		}),
		/** Corrects the recorded details; absent fields stay the same. */
		correct: command(correction, {
			may: OPERATOR,
			allowedIn: ["registered"],
			oneOf: ["kind", ...personal],
			already: (state, params) => state.status === "registered" && sameJson({ ...state.details, ...corrected(params) }, state.details),
			decide: (_state, params) => [fact("owner.corrected", corrected(params))],
		}),
		/** Destroys the owner's personal data everywhere: in facts, rows, and backups without the keys. It cannot be undone. */
		forget: command(forgetting, {
			may: { operator: "all", supervisor: "all" },
			allowedIn: ["registered"],
			already: ({ status }) => status === "forgotten",
			consult: { cases: consult("infractions.openOf", ({ id }: { id: string }) => ({ id })) },
			require: [noCaseNeedsIt],
			decide: (_state, { reason }) => [fact("owner.forgotten", { reason })],
		}),
	},
	asks: {
		/** Refused with OWNER_UNKNOWN if there is no such owner; a registration consults it. */
		exists: ask({ id: id() }, { ...STAFF, process: "declared" }, (): true => true),
	},
	evolve: {
		"owner.registered": (_unknown, data) => ({ status: "registered", created: data, details: data }),
		"owner.corrected": (state, data) => (state.status === "registered" ? { ...state, details: { ...state.details, ...data } } : state),
		"owner.forgotten": () => ({ status: "forgotten" }),
	},
});

declare module "../../model/define.ts" {
	interface Asks {
		"owner.exists": { params: { id: string }; answer: true };
	}
}

export default { name: owner.name, mixins: [EventSourced(owner)] } satisfies ServiceSchema;
