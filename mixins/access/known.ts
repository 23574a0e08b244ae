/** Known - asks an actor that may not exist. */
import type { Context } from "moleculer";
import { refusalOf } from "../common/errors.ts";
import { unknownCode } from "../../model/index.ts";

/** The answer of an ask, such as `client.account`; null if there is no such actor. */
export async function known<T>(ctx: Pick<Context, "call">, ask: string, id: string): Promise<T | null> {
	try {
		return await ctx.call<T, object>(ask, { id });
	} catch (error) {
		if (refusalOf(error)?.code === unknownCode(ask.slice(0, ask.indexOf("."))).name) return null;
		throw error;
	}
}
