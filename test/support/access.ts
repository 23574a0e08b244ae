/** Access - the callers of tests, who may use everything, and the models that everyone may use. */
import type { CallingOptions, ServiceBroker } from "moleculer";
import { callingAs } from "../../mixins/access/access.ts";
import { type Identity, type May, staffRoles } from "../../model/index.ts";

/** For models of tests that are not about access. */
export const FREE = { operator: "all", node: "all", process: "declared" } as const satisfies May;

/** A person with every role, who may also use what only processes and nodes may. */
const testerFor = (action: string): Identity => ({
	sub: "operator:tester",
	roles: [...staffRoles, "process", "node"],
	does: [action.replace(/Many$/, "")],
});
/** Calls actions as someone who may use all of them. */
export const callsOf =
	(broker: ServiceBroker) =>
	<T>(action: string, params: object = {}, options: CallingOptions = {}): Promise<T> =>
		broker.call<T, object>(action, params, { ...callingAs(broker, testerFor(action)), ...options });
