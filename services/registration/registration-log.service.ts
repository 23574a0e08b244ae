/** The log of the registration context, for those who watch it and those who audit it. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "registration-log", mixins: [Live("registration"), Audited("registration")] } satisfies ServiceSchema;
