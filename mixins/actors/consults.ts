/** Consults - lets a command ask other actors, on any node, through the broker. */
import type { Context } from "moleculer";
import type { Consulting } from "./envelope.ts";
import { refusalOf } from "../common/errors.ts";
import { callMany } from "../cluster/placement.ts";

/** Sends one call per consult, for a single command; a refusal counts as an answer. */
export const consultingIn =
	(ctx: Context): Consulting =>
	(ask, params) =>
		ctx.call<unknown, object>(ask, params, { tracking: false }).catch((error: unknown) => refusalOf(error) ?? Promise.reject(error));

/** The same for a call with many commands: the consults that they make in one turn are combined into one call. */
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
