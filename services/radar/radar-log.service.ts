/** Serves the log of the radar context to live feeds and auditors. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "radar-log", mixins: [Live("radar"), Audited("radar")] } satisfies ServiceSchema;
