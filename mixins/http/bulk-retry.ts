/** Bulk retry - retries the commands of a batch that no node had time to decide, while the batch has time left. */
import type { Instant } from "../../model/index.ts";
import type { Item, Outcome } from "../actors/outcome.ts";
import { bulkMeta } from "./request.ts";

const PAUSE = 100;
/** Another attempt needs at least this many milliseconds before the deadline. */
const MIN_LEFT = 500;

type Send = (items: readonly Item[], meta: object) => Promise<readonly Outcome[]>;

/** Returns one outcome per item, in order. `timeout`: milliseconds for all attempts together; `now`: of the law. */
export async function retryUndecided(all: readonly Item[], timeout: number, now: Instant, send: Send): Promise<readonly Outcome[]> {
	const deadline = performance.now() + timeout;
	const meta = bulkMeta(now);
	const items = all.map((item, i): Item => ({ ...item, commandId: `${meta.commandId}/${i}` })); // each attempt is the same command
	const outcomes = [...(await send(items, meta))];
	while (performance.now() + PAUSE + MIN_LEFT < deadline) {
		const undecided = outcomes.flatMap((outcome, i) => ("undecided" in outcome ? [i] : []));
		if (undecided.length === 0) break;
		await new Promise((resolve) => setTimeout(resolve, PAUSE));
		const again = await send(
			undecided.flatMap((i) => items[i] ?? []),
			meta,
		).catch(() => []); // the earlier outcome is more precise
		undecided.forEach((i, n) => (outcomes[i] = again[n] ?? outcomes[i] ?? { failure: "no answer" }));
	}
	return outcomes;
}
