/** Interventions - every parked command that an operator gave up, with operator and reason, for auditors. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { type Instant, projection } from "../../model/index.ts";
import type { InterventionFacts } from "./intervention.service.ts";

type Row = InterventionFacts["intervention.dropped"] & { readonly by: string; readonly at: Instant };

export const interventions = projection<Row, InterventionFacts>({
	name: "interventions",
	of: "intervention",
	may: { operator: "all", auditor: "all" },
	follows: ["operations"],
	on: { "intervention.dropped": (_none, data, { by, at }) => ({ ...data, by, at }) },
	show: (row) => row,
	filters: ["process", "work", "code"],
	sorts: ["at"],
	counted: ["process"],
});

export default { name: interventions.name, mixins: [Projected(interventions)] } satisfies ServiceSchema;
