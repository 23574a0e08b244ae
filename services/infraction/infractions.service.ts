/** Infractions - the current state of each legal case, and the cases of one owner. */
import type { Context, ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { type FoundIds, projection, STAFF } from "../../model/index.ts";
import type { InfractionFacts } from "./infraction.service.ts";

type Row = Omit<InfractionFacts["infraction.opened"], "jurisdiction"> & {
	readonly status: "unidentified" | "open" | "cancelled";
	readonly reason?: string;
};
const statusOf = (holder: string | null) => (holder === null ? "unidentified" : "open");

export const infractions = projection<Row, InfractionFacts>({
	name: "infractions",
	of: "infraction",
	may: STAFF,
	follows: ["infraction"],
	on: {
		"infraction.opened": (_none, { jurisdiction: _pack, ...opened }) => ({ ...opened, status: statusOf(opened.holder) }),
		"infraction.identified": (row, { holder }) => row && { ...row, holder, status: "open" },
		"infraction.reassigned": (row, { holder }) => row && { ...row, holder, status: statusOf(holder) },
		"infraction.cancelled": (row, { reason }) => row && { ...row, status: "cancelled", reason },
	},
	show: (row) => row,
	filters: ["radar", "plate", "status", "holder", "vehicle", "detection"],
	values: { status: ["unidentified", "open", "cancelled"] },
	identity: ["detection"],
	sorts: ["occurredAt"],
	counted: ["status"],
	scattered: ["radar", "plate", "holder", "vehicle"],
	asks: {
		/** The open cases of an owner: they need the owner's data. */
		openOf: ({ id }) => ({ holder: id, status: "open" }),
	},
});

declare module "../../model/define.ts" {
	interface Asks {
		"infractions.openOf": { params: { id: string }; answer: FoundIds };
	}
}

const listed = Projected(infractions);
/** The params of the list, besides the owner. */
interface OfOwner {
	readonly id: string;
	readonly [asked: string]: unknown;
}

export default {
	name: infractions.name,
	mixins: [listed],
	actions: {
		/** Lists the cases in which the owner held the vehicle at the instant of the offence. Takes the params of the full list. */
		ofOwner: {
			may: STAFF,
			rest: "GET /owners/:id/infractions",
			note: { kind: "read", of: "owner" },
			async handler(ctx: Context<OfOwner>) {
				const { id, ...asked } = ctx.params;
				await ctx.call("owner.exists", { id });
				return ctx.call("infractions.list", { ...asked, holder: id });
			},
		},
	},
} satisfies ServiceSchema;
