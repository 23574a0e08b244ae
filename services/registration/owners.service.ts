/** Owners - the people and companies that own vehicles, as currently recorded. */
import type { Context, ServiceSchema } from "moleculer";
import { allPages } from "../../mixins/common/paging.ts";
import { Projected } from "../../mixins/read-models/projected.ts";
import { id, type Instant, ownerSubject, projection, rulesOf, STAFF } from "../../model/index.ts";
import type { OwnerFacts } from "./owner.service.ts";

/** Personal fields are null once the owner is forgotten. */
type Row = OwnerFacts["owner.registered"] & {
	/** When the owner was forgotten. */
	readonly forgottenAt?: Instant;
};
const personal = ["name", "birthDate", "nationalId", "email", "phone", "address"] as const;
const forgotten = (row: Row): Row => {
	const given = personal.filter((field) => row[field] !== undefined).map((field) => [field, null]);
	return { ...row, ...Object.fromEntries(given) };
};

export const owners = projection<Row, OwnerFacts>({
	name: "owners",
	of: "owner",
	may: STAFF,
	follows: ["registration"],
	on: {
		"owner.registered": (_none, data) => data,
		"owner.corrected": (row, data) => row && { ...row, ...data },
		"owner.forgotten": (row, _reason, { at }) => row && { ...forgotten(row), forgottenAt: at },
	},
	show: (row) => row,
	filters: ["kind", "name", "email"],
	values: { kind: ["person", "company"] },
	counted: ["kind"],
	scattered: ["name", "email"],
	personal: { fields: personal, of: (_row, id) => ownerSubject(id) },
});

export default {
	name: owners.name,
	mixins: [Projected(owners)],
	actions: {
		/** Everything that is kept about an owner: the decisions with their facts, the vehicles, and the cases. */
		export: {
			may: { operator: "all", clerk: "all", auditor: "all" },
			rest: "GET /owners/:id/export",
			note: { kind: "read", of: "owner" },
			params: { $$strict: true, ...rulesOf({ id: id() }) },
			async handler(ctx: Context<{ readonly id: string }>) {
				const { id } = ctx.params;
				const all = (action: string, of: object) => allPages((page) => ctx.call(action, { ...of, ...page }));
				const decisions = await all("owner.history", { id });
				const vehicles = await all("vehicles.list", { owner: id });
				const cases = await all("infractions.list", { holder: id });
				return {
					id,
					owner: await ctx.call("owners.get", { id }),
					decisions: decisions.rows,
					vehicles: vehicles.rows,
					cases: cases.rows,
					complete: decisions.complete && vehicles.complete && cases.complete,
				};
			},
		},
	},
} satisfies ServiceSchema;
