/** Owner - a person or a company that vehicles are registered to. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, date, email, defined, id, oneOf, optional, type ParamsOf, sameJson, text, type Unknown } from "../../model/index.ts";
import { OPERATOR, STAFF } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
type Owner =
	| Unknown
	| { readonly status: "registered"; readonly created: OwnerFacts["owner.registered"]; readonly details: OwnerFacts["owner.registered"] };

// -- Facts: stored permanently, so never renamed and extended with care ---------
export interface OwnerFacts {
	/** An owner became known, with these details. */
	"owner.registered": {
		kind: "person" | "company";
		name: string;
		birthDate?: string;
		nationalId?: string;
		email: string;
		phone?: string;
		address?: string;
	};
	/** Details were corrected; absent fields stay the same. */
	"owner.corrected": Partial<OwnerFacts["owner.registered"]>;
}

const { ask, command, define, fact } = aggregate<Owner, OwnerFacts>();

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
const personal = ["name", "birthDate", "nationalId", "email", "phone", "address"] as const;
const details = ({ id: _id, ...rest }: ParamsOf<typeof registration>): OwnerFacts["owner.registered"] => defined(rest);
const corrected = ({ id: _id, ...rest }: ParamsOf<typeof correction>): OwnerFacts["owner.corrected"] => defined(rest);

export const owner = define({
	name: "owner",
	plural: "owners",
	context: "registration",
	statuses: { registered: "vehicles can be registered to it" },
	begins: ["owner.registered"],
	personal: { "owner.registered": personal, "owner.corrected": personal },
	reads: STAFF,
	commands: {
		/** Registers a person or a company, so that vehicles can be registered to them. */
		register: command(registration, {
			may: OPERATOR,
			allowedIn: ["unknown"],
			already: (state, params) => sameJson(state.created, details(params)),
			decide: (_unknown, params) => [fact("owner.registered", details(params))],
		}),
		/** Corrects the recorded details; absent fields stay the same. */
		correct: command(correction, {
			may: OPERATOR,
			allowedIn: ["registered"],
			oneOf: ["kind", ...personal],
			already: (state, params) => sameJson({ ...state.details, ...corrected(params) }, state.details),
			decide: (_state, params) => [fact("owner.corrected", corrected(params))],
		}),
	},
	asks: {
		/** Refused with OWNER_UNKNOWN if there is no such owner; a registration consults it. */
		exists: ask({ id: id() }, { ...STAFF, process: "declared" }, (): true => true),
	},
	evolve: {
		"owner.registered": (_unknown, data) => ({ status: "registered", created: data, details: data }),
		"owner.corrected": (state, data) => ({ ...state, details: { ...state.details, ...data } }),
	},
});

declare module "../../model/define.ts" {
	interface Asks {
		"owner.exists": { params: { id: string }; answer: true };
	}
}

export default { name: owner.name, mixins: [EventSourced(owner)] } satisfies ServiceSchema;
