/** Gateway - REST, the live feed, health and metrics of the whole system; mixins/http/gateway.ts explains the rules. */
import type { ServiceSchema } from "moleculer";
import { Gateway } from "../../mixins/http/gateway.ts";

export default { name: "gateway", mixins: [Gateway] } satisfies ServiceSchema;
