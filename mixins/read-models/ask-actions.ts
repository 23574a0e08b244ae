/**
 * AskActions - lets commands of actors consult a read model: which rows pass the filters of an ask. The answer includes every commit that
 * the logs held when the ask arrived; like every consult it holds at that instant, and is not atomic with the commit of the asking actor.
 */
import type { Context, Service } from "moleculer";
import { CODES } from "../common/codes.ts";
import { failureError, unavailable } from "../common/errors.ts";
import { type AnyProjection, type FoundIds, PROCESS } from "../../model/index.ts";
import { type Outcome, outcomeOf, type Verdict } from "../actors/outcome.ts";
import { logsOf } from "../following/following.ts";
import { storageOf } from "../logs/storage.ts";
import type { Projector } from "./projector.ts";
import type { Readable } from "./read-actions.ts";

/** Milliseconds to wait until the rows have reached the ends of the logs. */
const PATIENCE = 5000;
/** Ids in an answer. */
const MOST = 5;

interface Asked {
	readonly id: string;
}
type Filters = Readonly<Record<string, string | undefined>>;

/** One action per ask, `<ask>Many`, in the form that consults call. */
export const askActions = ({ asks = {} }: AnyProjection, of: Readable) =>
	Object.fromEntries(Object.entries(asks).map(([name, filtersOf]) => [`${name}Many`, askManyAction(filtersOf, of)]));

function askManyAction(filtersOf: (asked: Asked) => Filters, of: Readable) {
	return {
		may: PROCESS,
		params: { items: { type: "array", items: { type: "object", strict: true, props: { id: "string" } } } },
		visibility: "public" as const,
		async handler(this: Service, ctx: Context<{ readonly items: readonly Asked[] }>): Promise<Outcome<unknown>[]> {
			const projector = of(this);
			await current(this, projector);
			const verdicts = ctx.params.items.map((asked) => found(projector, filtersOf(asked)));
			return (await Promise.all(verdicts)).map((verdict) => outcomeOf(verdict, this.broker.nodeID));
		},
	};
}

/** Waits until the rows include all that the logs hold now. */
async function current({ broker }: Service, projector: Projector): Promise<void> {
	const logs = await logsOf(storageOf(broker), projector.projection.follows);
	const tails = await Promise.all(logs.map(async ({ log }) => [log.name, (await log.tail()).position] as const)).catch((error: unknown) =>
		Promise.reject(failureError(error)),
	);
	if (await projector.until(Object.fromEntries(tails), PATIENCE)) return;
	throw unavailable(CODES.READ_MODEL_LAGGING, `${projector.projection.name} has not reached the ends of its logs yet`);
}

async function found({ table }: Projector, asked: Filters): Promise<Verdict<FoundIds>> {
	try {
		const filters = Object.fromEntries(Object.entries(asked).flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])));
		const rows = await table.find({ filters, sort: "id", descending: false, limit: MOST });
		return { done: { ids: rows.map(({ id }) => id) } };
	} catch (error) {
		return { error };
	}
}
