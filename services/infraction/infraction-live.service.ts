/** The live feed of the infraction context. */
import type { ServiceSchema } from "moleculer";
import { Live } from "../../mixins/live.ts";

export default { name: "infraction-live", mixins: [Live("infraction")] } satisfies ServiceSchema;
