/** Serves the log of the registration context to live feeds and auditors. */
import type { ServiceSchema } from "moleculer";
import { Audited } from "../../mixins/logs/audited.ts";
import { Live } from "../../mixins/logs/live.ts";

export default { name: "registration-log", mixins: [Live("registration"), Audited("registration")] } satisfies ServiceSchema;
