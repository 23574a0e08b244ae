/** Queries - converts a query of the contract to a MongoDB filter and sort order. */
import type { Filter } from "mongodb";
import type { Query, Value } from "../rows.ts";
import { field, type StoredRow } from "./documents.ts";

export type Condition = Filter<StoredRow>;
type Part = Readonly<Record<string, unknown>>;
const condition = (of: Part): Condition => of as Condition; // the columns are known only at run time

/** All numbers and all texts. The server sorts nulls first, then numbers, then texts. */
const NUMBERS = { $gte: -Infinity };
const TEXTS = { $gte: "" };

/** Filter for visible rows with these values; null if no row can match, because no row equals a missing value. */
export function matching(filters: Query["filters"]): Condition | null {
	const wanted = Object.entries(filters);
	if (wanted.some(([, value]) => value === null)) return null;
	const equal = Object.fromEntries(wanted.map(([column, value]) => [field(column), value]));
	return condition(wanted.some(([column]) => column !== "id") ? equal : { ...equal, shown: true }); // hidden rows have no column values
}

const bounds = (range: Query["range"]): readonly Part[] => {
	const given = Object.entries({ $gte: range?.from ?? null, $lt: range?.to ?? null }).filter(([, bound]) => bound !== null);
	return range && given.length > 0 ? [{ [field(range.column)]: Object.fromEntries(given) }] : [];
};

/**
 * The rows after a given row, as alternatives that are each one range of the index: equal values with a later id, later values of the same
 * type, and later types.
 */
function beyond(sort: string, descending: boolean, { value, id }: NonNullable<Query["after"]>): readonly Part[] {
	const than = descending ? "$lt" : "$gt";
	const ties = { _id: { [than]: id } };
	if (sort === "id") return [ties];
	const by = field(sort);
	const further = [...(value === null ? [] : [{ [than]: value }]), ...typesBeyond(value, descending)];
	return [{ [by]: value, ...ties }, ...further.map((stretch) => ({ [by]: stretch }))];
}
function typesBeyond(value: Value, descending: boolean): readonly unknown[] {
	if (value === null) return descending ? [] : [NUMBERS, TEXTS];
	if (typeof value === "number") return descending ? [null] : [TEXTS];
	return descending ? [NUMBERS, null] : [];
}

/** The filter of a query; null if no row can match. */
export function conditionOf({ filters, range, sort, descending, after }: Query): Condition | null {
	const equal = matching(filters);
	if (!equal) return null;
	const all = [equal, ...bounds(range)];
	if (!after) return condition({ $and: all });
	return condition({ $or: beyond(sort, descending, after).map((stretch) => ({ $and: [...all, stretch] })) });
}

export const orderOf = ({ sort, descending }: Query): Record<string, 1 | -1> => {
	const order = descending ? -1 : 1;
	return sort === "id" ? { _id: order } : { [field(sort)]: order, _id: order };
};
