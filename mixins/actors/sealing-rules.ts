/** SealingRules - the rules of a model's facts as the codec takes them, by type. */
import type { Model } from "../../model/index.ts";
import type { SealingRules } from "../../store/codec.ts";

export function sealingRules({ personal = {}, forgets = {} }: Model): ReadonlyMap<string, SealingRules> {
	const rules = new Map<string, SealingRules>();
	for (const [type, { fields, of }] of Object.entries(personal)) if (of) rules.set(type, { fields, of });
	for (const [type, subjectOf] of Object.entries(forgets))
		rules.set(type, { ...rules.get(type), forgets: subjectOf as (data: object) => string }); // typed in the model
	return rules;
}
/** Whether any of its facts has sealed fields. */
export const seals = ({ personal = {} }: Model): boolean => Object.values(personal).some(({ of }) => of !== undefined);
