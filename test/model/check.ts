/** Check - checks params as the product does: fastest-validator with the options of moleculer.config.ts. */
import { Validators } from "moleculer";
import { rulesOf, type Shape } from "../../model/index.ts";
import { brokerOptions } from "../../node/broker.ts";

const { validator: settings } = brokerOptions({ dataDir: "", partitions: undefined, logLevel: "error" });
const validator = new Validators.Fastest((settings as { readonly options: object }).options); // the options name it by its type

/** True, or the errors; values are normalized in place. */
export type Check = (params: object) => true | readonly { readonly type: string; readonly field: string }[];
export const compile = (rules: object): Check => validator.compile({ $$strict: true, ...rules }) as Check; // no rule is asynchronous
export const checkOf = (shape: Shape): Check => compile(rulesOf(shape));
