/**
 * ReadActions - the actions that read a read model. Its projection declares the filters and sort keys, each backed by an index, so that
 * a client's query object never reaches the database. A caller may pass the position it has seen; the read waits until the rows have
 * reached it.
 */
import type { Context, Service } from "moleculer";
import { CODES } from "../common/codes.ts";
import { type AnyProjection, optional, text } from "../../model/index.ts";
import { type Cursor, decodeCursor, encodeCursor } from "./cursor.ts";
import { failureError, invalid, refusalError, unavailable } from "../common/errors.ts";
import { count, MAX_PAGE_SIZE, PAGE_SIZE, soughtId } from "../common/paging.ts";
import type { Projector } from "./projector.ts";
import type { Asked, RowsAdapter } from "./rows-adapter.ts";
import { assertHeld, notHeld, seenPositions } from "../logs/seen-positions.ts";
import { storageOf } from "../logs/storage.ts";
import { unknownActor } from "../../model/decide.ts";

/** How long a read waits for the caller's position, in milliseconds. */
const PATIENCE = 5000;
/** Readers that may wait for one read model at a time. */
const MOST_READERS = 10_000;
/** Rows that an offset may skip; beyond it only the cursor works. */
const FARTHEST = 10_000;

interface Meta {
	/** Positions that the answer must include. */
	position?: string;
	/** Revision of the row in the answer. */
	revision?: number;
}
interface ListParams {
	readonly page?: number;
	readonly pageSize?: number;
	readonly sort?: string;
	readonly after?: string;
	readonly [filter: string]: string | number | undefined;
}
/** Members that moleculer-db adds to a service. */
interface DbBacked {
	readonly adapter: RowsAdapter;
	_find(ctx: Context, params: object): Promise<Record<string, unknown>[]>;
	_count(ctx: Context, params: object): Promise<number>;
}
/** Returns the projector of a running service; throws while its rows cannot be read. */
export type Readable = (service: Service) => Projector;
export const db = (service: Service): DbBacked => service as unknown as DbBacked; // mixed in at run time

/** The four actions that read rows. */
export const readActions = (projection: AnyProjection, of: Readable) => ({
	list: listAction(projection, of),
	get: getAction(projection, of),
	find: findAction(projection, of),
	count: countAction(projection, of),
});

const routeOf = ({ name, of, internal }: AnyProjection, path: string) =>
	internal ? {} : { rest: `GET /${name}${path}`, note: { kind: "read", of } as const };

/** A page of rows, filtered and sorted, with the total of rows that pass the filters. */
const listAction = (projection: AnyProjection, of: Readable) => ({
	...routeOf(projection, ""),
	may: projection.may,
	params: listParams(projection),
	async handler(this: Service, ctx: Context<ListParams, Meta>) {
		await current(this, of(this), ctx);
		return listed(this, ctx, projection).catch((error: unknown) => Promise.reject(failureError(error)));
	},
});

/** One row by its id. */
const getAction = (projection: AnyProjection, of: Readable) => ({
	...routeOf(projection, "/:id"),
	may: projection.may,
	params: { $$strict: true, id: soughtId },
	async handler(this: Service, ctx: Context<{ id: string }, Meta>) {
		await caughtUp(this, of(this), ctx.meta.position);
		const { adapter } = db(this);
		const found = await adapter.findById(ctx.params.id).catch((error: unknown) => Promise.reject(failureError(error)));
		if (!found) throw refusalError(unknownActor({ name: projection.of }, ctx.params.id));
		ctx.meta.revision = found.rev;
		return found.row;
	},
});

/** Rows that pass the filters, without a total. */
const findAction = (projection: AnyProjection, of: Readable) => ({
	may: projection.may,
	params: { $$strict: true, ...filterParams(projection), sort: sortParam(projection), limit: count(MAX_PAGE_SIZE) },
	async handler(this: Service, ctx: Context<ListParams & { limit?: number }, Meta>) {
		await current(this, of(this), ctx);
		const { sort, limit = PAGE_SIZE } = ctx.params;
		return db(this)._find(ctx, { query: { filters: filtersOf(ctx.params, projection) }, sort, limit });
	},
});

/** Number of rows that pass the filters. */
const countAction = (projection: AnyProjection, of: Readable) => ({
	may: projection.may,
	params: { $$strict: true, ...filterParams(projection) },
	async handler(this: Service, ctx: Context<ListParams, Meta>) {
		await current(this, of(this), ctx);
		return db(this)._count(ctx, { query: { filters: filtersOf(ctx.params, projection) } });
	},
});

/** Waits until the rows have reached the caller's positions, and rewrites due rows. */
async function current(service: Service, projector: Projector, ctx: Context<unknown, Meta>): Promise<void> {
	await caughtUp(service, projector, ctx.meta.position);
	await projector.refreshDue();
}

/** Read your writes: waits until the rows have reached the caller's positions, else 503. Refuses a position that no log holds at once. */
async function caughtUp({ broker }: Service, projector: Projector, text: string | undefined): Promise<void> {
	if (text === undefined) return;
	const positions = seenPositions(text);
	const followed = new Set(projector.followers.map(({ name }) => name));
	await assertHeld(storageOf(broker), Object.fromEntries(Object.entries(positions).filter(([partition]) => !followed.has(partition))));
	const beyond = await projector.beyond(positions).catch((error: unknown) => Promise.reject(failureError(error)));
	if (beyond !== null) throw notHeld(beyond);
	if (projector.readers.size >= MOST_READERS || !(await projector.until(positions, PATIENCE)))
		throw unavailable(CODES.READ_MODEL_LAGGING, `${projector.projection.name} has not reached this position yet`);
}

const sortParam = ({ sorts = [] }: AnyProjection) => ({
	type: "enum",
	values: ["id", ...sorts].flatMap((key) => [key, `-${key}`]),
	optional: true,
});
const filterParams = ({ filters, values = {} }: AnyProjection) =>
	Object.fromEntries(
		filters.map((filter) => [filter, values[filter] ? { type: "enum", values: values[filter], optional: true } : optional(text()).rule]),
	);
const filtersOf = (params: ListParams, { filters, identity = [] }: AnyProjection): Asked["filters"] =>
	Object.fromEntries(
		filters.flatMap((filter) =>
			params[filter] === undefined ? [] : [[identity.includes(filter) ? "id" : filter, params[filter] ?? null]],
		),
	);
const listParams = (projection: AnyProjection) => ({
	$$strict: true,
	...filterParams(projection),
	sort: sortParam(projection),
	page: count(FARTHEST),
	pageSize: count(MAX_PAGE_SIZE),
	after: { type: "string", min: 1, max: 8000, optional: true }, // it contains the filter values
});

/** A page by number, or the page after a cursor; both return the cursor of the next page in `next`. */
async function listed(service: Service, ctx: Context<ListParams, Meta>, projection: AnyProjection) {
	const { page, pageSize = PAGE_SIZE, sort = "id", after } = ctx.params;
	const filters = filtersOf(ctx.params, projection);
	const cursor = after === undefined ? null : cursorOf(after, ctx.params, projection);
	if (page !== undefined && page * pageSize > FARTHEST)
		throw invalid(
			[{ field: "page", message: "is too far to skip to", expected: `at most ${FARTHEST} rows in; beyond that use next`, actual: page }],
			"The page is too far",
		);
	const order = cursor?.sort ?? sort;
	const asked: Asked = cursor ? { filters: cursor.filters, after: { value: cursor.value, id: cursor.id } } : { filters };
	const offset = cursor ? 0 : ((page ?? 1) - 1) * pageSize;
	const [found, total] = await Promise.all([
		db(service)._find(ctx, { query: asked, sort: order, limit: pageSize + 1, offset }),
		db(service)._count(ctx, { query: asked }),
	]);
	const rows = found.slice(0, pageSize);
	const last = rows.at(-1);
	const at = cursor?.page ?? page ?? 1;
	const value = last?.[order.replace(/^-/, "")];
	const next =
		found.length > pageSize && last
			? encodeCursor({
					sort: order,
					filters: asked.filters,
					value: typeof value === "number" || typeof value === "string" ? value : null,
					id: String(last["id"]),
					page: at + 1,
				})
			: null;
	return { rows, total, page: at, pageSize, totalPages: Math.ceil(total / pageSize), next };
}

/** The decoded cursor, which has its own sort and filters; throws 422 if the params contradict it. */
function cursorOf(text: string, params: ListParams, projection: AnyProjection): Cursor {
	const cursor = decodeCursor(text, projection);
	const agrees =
		cursor &&
		(params.sort === undefined || params.sort === cursor.sort) &&
		Object.entries(filtersOf(params, projection)).every(([filter, value]) => cursor.filters[filter] === value) &&
		params.page === undefined;
	if (!agrees)
		throw invalid(
			[
				{
					field: "after",
					message: "must be the next of an answer, with the same sort and filters, and no page",
					expected: "the next of an answer",
					actual: text.slice(0, 100),
				},
			],
			"The cursor is not valid",
		);
	return cursor;
}
