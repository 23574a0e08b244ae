/** The live feed of the registration context. */
import type { ServiceSchema } from "moleculer";
import { Live } from "../../mixins/live.ts";

export default { name: "registration-live", mixins: [Live("registration")] } satisfies ServiceSchema;
