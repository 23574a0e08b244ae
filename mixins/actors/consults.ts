/** Consults - how a command asks other actors: through the broker, wherever they are. */
import type { Context } from "moleculer";
import type { Consulting } from "./envelope.ts";
import { refusalOf } from "../common/errors.ts";
import { callMany } from "../cluster/placement.ts";

/** Asks one by one, as a single command needs it; a refusal is an answer. */
export const consultingIn =
	(ctx: Context): Consulting =>
	(ask, params) =>
		ctx.call<unknown, object>(ask, params, { tracking: false }).catch((error: unknown) => refusalOf(error) ?? Promise.reject(error));

/** The same for the many commands of one call: what they consult in one turn is asked in one call. */
export function gathered(ctx: Context): Consulting {
	const waiting = new Map<string, { readonly items: object[]; readonly answers: Promise<readonly unknown[]> }>();
	const open = (ask: string) => {
		const items: object[] = [];
		const answers = Promise.resolve().then(() => {
			waiting.delete(ask);
			return callMany(ctx.broker, `${ask}Many`, items, (own) =>
				ctx.call<readonly unknown[], object>(`${ask}Many`, { items: own }, { tracking: false }),
			);
		});
		const turn = { items, answers };
		waiting.set(ask, turn);
		return turn;
	};
	return async (ask, params) => {
		const { items, answers } = waiting.get(ask) ?? open(ask);
		const place = items.push(params) - 1;
		return (await answers)[place];
	};
}
