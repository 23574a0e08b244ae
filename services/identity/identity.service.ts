/** Identity - finds out who calls the system, by a bearer token; mixins/access explains the rules. */
import type { ServiceSchema } from "moleculer";
import { Authenticating } from "../../mixins/identity/authenticating.ts";

export default { name: "identity", mixins: [Authenticating()] } satisfies ServiceSchema;
