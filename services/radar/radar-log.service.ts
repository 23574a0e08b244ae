/** The log of the radar context, for those who watch it and those who audit it. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "radar-log", mixins: [Live("radar"), Audited("radar")] } satisfies ServiceSchema;
