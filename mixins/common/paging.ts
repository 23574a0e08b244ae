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

/** Pages that `allPages` reads at most. */
const MOST_PAGES = 100;
interface Page {
	readonly rows: readonly object[];
	readonly next: string | null;
}
/** All rows of a list or a history; `complete` is false if it has more than 10 000. */
export async function allPages(
	ask: (params: object) => Promise<Page>,
): Promise<{ readonly rows: readonly object[]; readonly complete: boolean }> {
	const rows: object[] = [];
	let after: string | null = null;
	for (let pages = 0; pages < MOST_PAGES; pages++) {
		const page: Page = await ask({ pageSize: MAX_PAGE_SIZE, ...(after === null ? {} : { after }) });
		rows.push(...page.rows);
		after = page.next;
		if (after === null) break;
	}
	return { rows, complete: after === null };
}
