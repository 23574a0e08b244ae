/** Owners - the people and companies that own vehicles, as currently recorded. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { projection } from "../../model/index.ts";
import { STAFF } from "../../model/index.ts";
import type { OwnerFacts } from "./owner.service.ts";

export const owners = projection<OwnerFacts["owner.registered"], OwnerFacts>({
	name: "owners",
	of: "owner",
	may: STAFF,
	follows: ["registration"],
	on: { "owner.registered": (_none, data) => data, "owner.corrected": (row, data) => row && { ...row, ...data } },
	show: (row) => row,
	filters: ["kind", "name", "email"],
	values: { kind: ["person", "company"] },
	sorts: ["name"],
	counted: ["kind"],
	scattered: ["email"],
});

export default { name: owners.name, mixins: [Projected(owners)] } satisfies ServiceSchema;
