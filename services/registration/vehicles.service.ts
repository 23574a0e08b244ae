/** Vehicles - each vehicle with its current holder and earlier and later ones. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import {
	entriesOf,
	type Entry,
	entryAfter,
	insert,
	type Instant,
	type Origin,
	projection,
	recent,
	type Timeline,
	valueAt,
} from "../../model/index.ts";
import { STAFF } from "../../model/index.ts";
import type { VehicleFacts } from "./vehicle.service.ts";

type Given = Omit<VehicleFacts["vehicle.registered"], "owner" | "from">;
interface Row {
	readonly vehicle: Given;
	readonly holders: Timeline<string | null>;
	/** Whether earlier holders were left out. */
	readonly more?: true;
}
/** Number of former holders in a row; the history has all of them. */
const SHOWN = 100;
interface Shown extends Given {
	/** The current holder. */
	readonly owner: string | null;
	/** The current status. */
	readonly status: "registered" | "deregistered";
	/**
	 * Future holders, the current one and up to a hundred earlier ones; `from: null` is the beginning of time; without `to` the holding has
	 * no known end.
	 */
	readonly holders: readonly { readonly owner: string; readonly from: Instant | null; readonly to?: Instant }[];
	/** Whether earlier holders were left out; the history has them. */
	readonly earlierHolders?: true;
}

export const vehicles = projection<Row, VehicleFacts, Shown>({
	name: "vehicles",
	of: "vehicle",
	may: STAFF,
	follows: ["registration"],
	on: {
		"vehicle.registered": (row, { owner, from, ...vehicle }, origin) => ({ ...held(row, from, owner, origin), vehicle }),
		"vehicle.transferred": (row, { owner, from }, origin) => row && { ...row, ...held(row, from, owner, origin) },
		"vehicle.corrected": (row, data) => row && { ...row, vehicle: { ...row.vehicle, ...data } },
		"vehicle.deregistered": (row, { from }, origin) => row && { ...row, ...held(row, from, null, origin) },
	},
	show: ({ vehicle, holders, more }, now) => {
		const owner = valueAt(holders, now) ?? null;
		const status = owner === null ? "deregistered" : "registered";
		return { ...vehicle, owner, status, holders: periods(entriesOf(holders)), ...(more ? { earlierHolders: more } : {}) };
	},
	changesAt: ({ holders }, now) => entryAfter(holders, now)?.from ?? null,
	filters: ["owner", "plate"],
	scattered: ["owner", "plate"],
});

/** Adds a holder; drops the earliest ones if there are many before the decision. */
function held(row: Row | null, from: Instant | null, owner: string | null, { at }: Origin): Pick<Row, "holders" | "more"> {
	const all = insert(row?.holders ?? [], from, owner);
	const holders = recent(all, at, SHOWN);
	return { holders, ...(row?.more || holders !== all ? { more: true } : {}) };
}
const periods = (holders: readonly Entry<string | null>[]): Shown["holders"] =>
	holders.flatMap(({ from, value }, i) => {
		const to = holders[i + 1]?.from ?? null;
		return value === null ? [] : [to === null ? { owner: value, from } : { owner: value, from, to }];
	});

export default { name: vehicles.name, mixins: [Projected(vehicles)] } satisfies ServiceSchema;
