/** Paging - page sizes, and the parameters that every list and history has in common. */
export const PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;

/** An id to look up. It is not checked against the rule for ids: an id that cannot exist is simply not found. */
export const soughtId = { type: "string", min: 1, max: 300 } as const;

/** A whole number from 1 to `max`, or its digits as they appear in a query. */
export const count = (max: number) => ({
	type: "custom",
	optional: true,
	nullable: false,
	check(value: unknown, errors: object[]) {
		const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
		if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > max)
			errors.push({ type: "count", message: `must be a whole number from 1 to ${max}`, expected: `1 to ${max}`, actual: value });
		return number;
	},
});
