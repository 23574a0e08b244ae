/** Serves the log of the operations context to live feeds and auditors. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "operations-log", mixins: [Live("operations"), Audited("operations")] } satisfies ServiceSchema;
