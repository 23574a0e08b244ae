/**
 * Validation - fastest-validator with bounded complaints. Its own complaints repeat the value they are about, however large; here they
 * become field errors, few and short, before they are thrown, logged or sent to another node.
 */
import { Validators } from "moleculer";
import { fieldErrors } from "./errors.ts";

class BriefValidator extends Validators.Fastest {
	override compile(rules: Record<string, unknown>): ReturnType<Validators.Fastest["compile"]> {
		const check = super.compile(rules);
		return (params, more) => {
			const found: unknown = check(params, more);
			return found === true ? true : (fieldErrors(found, params) as never); // Moleculer's type expects fastest-validator's own complaints
		};
	}
}
Validators.register("Brief", BriefValidator as never); // the type expects an instance, but Moleculer creates one from the class

/** The broker option. */
export const validation = {
	type: "Brief",
	options: { useNewCustomCheckerFunction: true, considerNullAsAValue: true, defaults: { object: { strict: true } } },
} as const;
