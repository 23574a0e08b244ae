/** The log of the registration context, for those who watch it and those who audit it. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/audited.ts";
import { Live } from "../../mixins/live.ts";

export default { name: "registration-log", mixins: [Live("registration"), Audited("registration")] } satisfies ServiceSchema;
