/** Limits - makes the product's limits so small that a schedule of a few commits exceeds each of them. */
import type { Patch } from "./patches.ts";

const limit = (file: string, name: string, is: string, small: string): Patch => ({
	file,
	from: `const ${name} = ${is};`,
	to: `const ${name} = ${small};`,
});

export const SMALL: readonly Patch[] = [
	limit("store/writer.ts", "PAGE", "1000", "2"),
	limit("store/writer.ts", "PATIENCE", "5", "2"),
	limit("store/follow.ts", "PAGE", "4000", "2"),
	limit("store/recent.ts", "KEPT", "16_384", "8"),
	limit("mixins/following/row-cache.ts", "CAPACITY", "4096", "2"),
	limit("mixins/processes/write-behind.ts", "MOST", "16_000", "2"),
	limit("mixins/processes/outbox.ts", "MANY", "1000", "2"),
	limit("mixins/processes/outbox.ts", "CALLS", "4", "2"),
	limit("mixins/processes/outbox.ts", "FULL", "5000", "2"),
	limit("mixins/processes/performer.ts", "RECORDED", "10_000", "4"),
	limit("mixins/processes/runner.ts", "PAGE", "500", "2"),
	limit("mixins/processes/references.ts", "PAGE", "500", "1"),
	limit("mixins/processes/deadlines.ts", "DUE_PAGE", "200", "1"),
	limit("mixins/read-models/timed-rows.ts", "DUE_PAGE", "200", "1"),
];
