/** Known - asks an actor that may not exist. */
import { refusalOf } from "../common/errors.ts";
import { type Caller, callItself } from "./itself.ts";
import { unknownCode } from "../../model/index.ts";

/** The answer of an ask, such as `client.account`; null if there is no such actor. */
export async function known<T>(caller: Caller, ask: string, id: string): Promise<T | null> {
	try {
		return await callItself<T>(caller, ask, { id });
	} catch (error) {
		if (refusalOf(error)?.code === unknownCode(ask.slice(0, ask.indexOf("."))).name) return null;
		throw error;
	}
}
