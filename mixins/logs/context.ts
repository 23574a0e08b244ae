/** Context - declares a bounded context: it creates the service of its log, and places the context in pages and in deployments. */
import type { ServiceSchema } from "moleculer";
import { type May, STAFF } from "../../model/access.ts";
import { Audited } from "./audited.ts";
import { Live } from "./live.ts";

export interface ContextOptions {
	/** Position among the contexts, in the order in which a case goes through them; contexts without one come last, by name. */
	readonly order?: number;
	/** The roles that may read its facts in the live feed; the staff by default. */
	readonly feed?: May;
}

/** `name`: of the folder, and of the log. Returns the service `<name>-log`: the live feed, verification and backup of the log. */
export const context = (name: string, { order = Number.MAX_SAFE_INTEGER, feed = STAFF }: ContextOptions = {}): ServiceSchema => ({
	name: `${name}-log`,
	metadata: { order },
	mixins: [Live(name, feed), Audited(name)],
});
