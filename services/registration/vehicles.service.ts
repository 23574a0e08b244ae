/** Vehicles - each vehicle with all who held it, and who holds it now. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/projected.ts";
import { entryAfter, insert, type Instant, projection, type Timeline, valueAt } from "../../model/index.ts";
import type { VehicleFacts } from "./vehicle.service.ts";

type Given = Omit<VehicleFacts["vehicle.registered"], "owner" | "from">;
interface Row {
	readonly vehicle: Given;
	readonly holders: Timeline<string | null>;
}
interface Shown extends Given {
	/** Who holds it now. */
	readonly owner: string | null;
	/** As of now. */
	readonly status: "registered" | "deregistered";
	/** `from: null` is the beginning of time; no `to` is until further notice. */
	readonly holders: readonly { readonly owner: string; readonly from: Instant | null; readonly to?: Instant }[];
}

export const vehicles = projection<Row, VehicleFacts, Shown>({
	name: "vehicles",
	of: "vehicle",
	follows: ["registration"],
	on: {
		"vehicle.registered": (row, { owner, from, ...vehicle }) => ({ vehicle, holders: insert(row?.holders ?? [], from, owner) }),
		"vehicle.transferred": (row, { owner, from }) => row && { ...row, holders: insert(row.holders, from, owner) },
		"vehicle.corrected": (row, data) => row && { ...row, vehicle: { ...row.vehicle, ...data } },
		"vehicle.deregistered": (row, { from }) => row && { ...row, holders: insert(row.holders, from, null) },
	},
	show: ({ vehicle, holders }, now) => {
		const owner = valueAt(holders, now) ?? null;
		return { ...vehicle, owner, status: owner === null ? "deregistered" : "registered", holders: periods(holders) };
	},
	due: ({ holders }, now) => entryAfter(holders, now)?.from ?? null,
	filters: ["owner", "plate"],
	scattered: ["owner", "plate"],
});

const periods = (holders: Row["holders"]): Shown["holders"] =>
	holders.flatMap(({ from, value }, i) => {
		const to = holders[i + 1]?.from ?? null;
		return value === null ? [] : [to === null ? { owner: value, from } : { owner: value, from, to }];
	});

export default { name: vehicles.name, mixins: [Projected(vehicles)] } satisfies ServiceSchema;
