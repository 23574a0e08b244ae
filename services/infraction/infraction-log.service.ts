/** Serves the log of the infraction context to live feeds and auditors. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "infraction-log", mixins: [Live("infraction"), Audited("infraction")] } satisfies ServiceSchema;
