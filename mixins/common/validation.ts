/**
 * Validation - fastest-validator with bounded complaints. Its own complaints repeat the value they are about, however large; here they
 * become field errors, few and short, before they are thrown, logged or sent to another node.
 */
import { type Middleware, type ServiceBroker, Validators } from "moleculer";
import { fieldErrors } from "./errors.ts";

class BriefValidator extends Validators.Fastest {
	override compile(rules: Record<string, unknown>): ReturnType<Validators.Fastest["compile"]> {
		const check = super.compile(rules);
		return (params, more) => {
			const found: unknown = check(params, more);
			return found === true ? true : (fieldErrors(found, params) as never); // Moleculer's type expects fastest-validator's own complaints
		};
	}
	/** Leaves out the actions that validate their params themselves. */
	override middleware(broker: ServiceBroker): Middleware {
		const { localAction, ...others } = super.middleware(broker) as Middleware; // Moleculer's type leaves its methods out
		const validated: Middleware["localAction"] = (next, action) =>
			action.validates ? next : (localAction?.call(broker, next, action) ?? next);
		return { ...others, localAction: validated };
	}
}
Validators.register("Brief", BriefValidator as never); // the type expects an instance, but Moleculer creates one from the class

/** The broker option. */
export const validation = {
	type: "Brief",
	options: { useNewCustomCheckerFunction: true, considerNullAsAValue: true, defaults: { object: { strict: true } } },
} as const;
