/**
 * Validation - fastest-validator as every node runs it. Its complaints repeat what was sent, a megabyte of it if that is what was sent;
 * here they become field errors, few and short, before they are thrown, logged or sent to another node.
 */
import { Validators } from "moleculer";
import { fieldErrors } from "./errors.ts";

class BriefValidator extends Validators.Fastest {
	override compile(rules: Record<string, unknown>): ReturnType<Validators.Fastest["compile"]> {
		const check = super.compile(rules);
		return (params, more) => {
			const found: unknown = check(params, more);
			return found === true ? true : (fieldErrors(found, params) as never); // Moleculer's type names the complaints of its own
		};
	}
}
Validators.register("Brief", BriefValidator as never); // the type wants an instance, the code makes one

/** For a broker's options. */
export const validation = {
	type: "Brief",
	options: { useNewCustomCheckerFunction: true, considerNullAsAValue: true, defaults: { object: { strict: true } } },
} as const;
