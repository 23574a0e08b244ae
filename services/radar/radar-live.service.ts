/** The live feed of the radar context. */
import type { ServiceSchema } from "moleculer";
import { Live } from "../../mixins/live.ts";

export default { name: "radar-live", mixins: [Live("radar")] } satisfies ServiceSchema;
