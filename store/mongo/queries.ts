/** Queries - translates a query of the contract to MongoDB: filter, start after a row, and order. */
import type { Filter } from "mongodb";
import type { Query, Value } from "../rows.ts";
import { field, type StoredRow } from "./documents.ts";

export type Condition = Filter<StoredRow>;
type Part = Readonly<Record<string, unknown>>;
const condition = (of: Part): Condition => of as Condition; // which columns there are is known at run time

/** All values of a type, in the order in which the server sorts types: nothing, numbers, texts. */
const NUMBERS = { $gte: -Infinity };
const TEXTS = { $gte: "" };

/** Shown rows with these values; null where none can be, for nothing is equal to what is not there. */
export function matching(filters: Query["filters"]): Condition | null {
	const wanted = Object.entries(filters);
	if (wanted.some(([, value]) => value === null)) return null;
	const equal = Object.fromEntries(wanted.map(([column, value]) => [field(column), value]));
	return condition(wanted.some(([column]) => column !== "id") ? equal : { ...equal, shown: true }); // what is hidden has no columns
}

const bounds = (range: Query["range"]): readonly Part[] => {
	const given = Object.entries({ $gte: range?.from ?? null, $lt: range?.to ?? null }).filter(([, bound]) => bound !== null);
	return range && given.length > 0 ? [{ [field(range.column)]: Object.fromEntries(given) }] : [];
};

/**
 * What comes after a row in an order, as alternatives of which each is one stretch of the index: its ties beyond its id, what its own
 * type has beyond it, and the types beyond.
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

/** Null where no row can be meant. */
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
