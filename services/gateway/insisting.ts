/** Insisting - of many commands given at once, those that nobody had the time to decide are given again while the caller has any. */
import type { Item, Outcome } from "../../mixins/event-sourced.ts";
import { bulkMeta } from "./request.ts";

const PAUSE = 100;
/** Milliseconds without which it is not tried again. */
const LEAST = 500;

type Give = (items: readonly Item[], meta: object) => Promise<readonly Outcome[]>;

/** One outcome for each, in order. `milliseconds`: how long all of it may take. */
export async function insisting(all: readonly Item[], milliseconds: number, give: Give): Promise<readonly Outcome[]> {
	const until = performance.now() + milliseconds;
	const meta = bulkMeta();
	const items = all.map((item, i): Item => ({ ...item, commandId: `${meta.commandId}/${i}` })); // given again, each is the same command
	const outcomes = [...(await give(items, meta))];
	while (performance.now() + PAUSE + LEAST < until) {
		const places = outcomes.flatMap((outcome, place) => ("undecided" in outcome ? [place] : []));
		if (places.length === 0) break;
		await new Promise((resolve) => setTimeout(resolve, PAUSE));
		const again = await give(
			places.flatMap((place) => items[place] ?? []),
			meta,
		).catch(() => []); // what they came to before says more
		places.forEach((place, i) => (outcomes[place] = again[i] ?? outcomes[place] ?? { failure: "no answer" }));
	}
	return outcomes;
}
