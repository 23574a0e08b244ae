/** Consults - lets commands ask other actors, on any node, through the broker. */
import type { Context } from "moleculer";
import type { Identity } from "../../model/access.ts";
import type { Model } from "../../model/index.ts";
import { callingAs } from "../access/access.ts";
import type { Consulting } from "./envelope.ts";
import { answerIn, type Outcome } from "./outcome.ts";
import { callMany } from "../cluster/placement.ts";

/** The consults of one call: those that its commands make in one turn are combined into one call per ask and node. */
export function consultingIn(ctx: Context, model: Model): Consulting {
	const waiting = new Map<string, { readonly items: object[]; readonly outcomes: Promise<readonly Outcome<unknown>[]> }>();
	const open = (ask: string) => {
		const items: object[] = [];
		const outcomes = Promise.resolve().then(() => {
			waiting.delete(ask);
			return callMany(ctx.broker, `${ask}Many`, items, (own) =>
				ctx.call<readonly Outcome<unknown>[], object>(
					`${ask}Many`,
					{ items: own },
					{ tracking: false, ...callingAs(ctx.broker, actorOf(model)) },
				),
			);
		});
		const turn = { items, outcomes };
		waiting.set(ask, turn);
		return turn;
	};
	return async (ask, params) => {
		const { items, outcomes } = waiting.get(ask) ?? open(ask);
		const place = items.push(params) - 1;
		return answerIn((await outcomes)[place]);
	};
}

/** An actor consults others for itself: the caller of a command need not be allowed to read what its decision depends on. */
const identities = new WeakMap<Model, Identity>();
function actorOf(model: Model): Identity {
	const known = identities.get(model);
	if (known) return known;
	const asks = Object.values(model.commands).flatMap(({ consult = {} }) => Object.values(consult).map(({ ask }) => ask));
	const identity: Identity = { sub: `process:${model.name}`, roles: ["process"], does: [...new Set(asks)] };
	identities.set(model, identity);
	return identity;
}
