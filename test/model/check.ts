/** Check - params as the product checks them: fastest-validator with the very options moleculer.config.ts gives it. */
import { Validators } from "moleculer";
import { rulesOf, type Shape } from "../../model/index.ts";
import { brokerOptions } from "../../node/broker.ts";

const { validator: settings } = brokerOptions({ dataDir: "", partitions: undefined, logLevel: "error" });
const validator = new Validators.Fastest((settings as { readonly options: object }).options); // the options name it by a type

/** True, or the complaints; what has a normal form is brought into it in place. */
export type Check = (params: object) => true | readonly { readonly type: string; readonly field: string }[];
export const compile = (rules: object): Check => validator.compile({ $$strict: true, ...rules }) as Check; // none of ours is asynchronous
export const checkOf = (shape: Shape): Check => compile(rulesOf(shape));
