/** Cursor - where the next page of a list starts: opaque to clients, and checked like any other input when it comes back. */
import type { AnyProjection } from "../../model/index.ts";
import type { Value } from "../../store/rows.ts";

export interface Cursor {
	/** `field` or `-field` */
	readonly sort: string;
	readonly filters: Readonly<Record<string, Value>>;
	/** Value of the sort column in the last row returned. */
	readonly value: Value;
	readonly id: string;
	readonly page: number;
}

export const encodeCursor = ({ sort, filters, value, id, page }: Cursor): string =>
	Buffer.from(JSON.stringify([sort, filters, value, id, page])).toString("base64url");

/** Null for a text that is not a cursor of this projection. */
export function decodeCursor(text: string, { filters, sorts = [] }: AnyProjection): Cursor | null {
	let parts: unknown;
	try {
		parts = JSON.parse(Buffer.from(text, "base64url").toString());
	} catch {
		return null; // not JSON, so not a cursor
	}
	if (!Array.isArray(parts) || parts.length !== 5) return null;
	const [sort, asked, value, id, page]: unknown[] = parts;
	if (typeof sort !== "string" || !["id", ...sorts].includes(sort.replace(/^-/, ""))) return null;
	if (typeof id !== "string" || (value !== null && typeof value !== "string" && typeof value !== "number")) return null;
	if (typeof page !== "number" || !Number.isSafeInteger(page) || typeof asked !== "object" || asked === null) return null;
	const known = Object.entries(asked).filter(
		(entry): entry is [string, string] => (filters.includes(entry[0]) || entry[0] === "id") && typeof entry[1] === "string",
	);
	return known.length === Object.keys(asked).length ? { sort, filters: Object.fromEntries(known), value, id, page } : null;
}
