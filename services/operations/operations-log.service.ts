/** The log of the operations context, for those who watch it and those who audit it. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "operations-log", mixins: [Live("operations"), Audited("operations")] } satisfies ServiceSchema;
