/** Tail - es-tail: the facts of all contexts as they become visible, from now on or from a position. */
import type { LiveFact, LivePage, Unreadable } from "../../mixins/logs/live.ts";
import { watching } from "../../mixins/logs/watching.ts";
import { parsePositions, positionText } from "../../store/position.ts";
import { type Command, named, UsageError, whole } from "./command.ts";
import { escaped, jsonOf } from "../common/output.ts";
import { type Out, paint } from "./out.ts";
import { catalogueOf } from "./system.ts";

export const esTail: Command = {
	name: "es-tail",
	description: "The facts of all contexts as they become visible; Ctrl-C ends it",
	example: "es-tail --types detection.qualified,infraction.opened --from radar:0:1200",
	endless: true,
	needs: "feeds",
	args: [],
	options: {
		types: { value: "a,b", description: "only facts of these types", of: "facts" },
		from: { value: "position", description: "after these positions, e.g. radar:0:1200,registration:0:0; from now on by default" },
		limit: { value: "number", description: "ends after this number of facts" },
	},
	async run({ options }, system, out) {
		const { feeds, facts } = await catalogueOf(system);
		const types = options["types"]?.split(",").map((type) => named("fact", type.trim(), facts));
		const limit = options["limit"] === undefined ? Infinity : whole("--limit", options["limit"], 1);
		const after = options["from"];
		if (after !== undefined && !parsePositions(after))
			throw new UsageError(`--from is "${after}": it has to be positions, e.g. radar:0:1200,registration:0:0`);
		const over = new AbortController();
		const end = (): void => over.abort();
		out.enough.addEventListener("abort", end, { once: true });
		if (out.enough.aborted) end();
		try {
			const ask = (feed: string) => (asked: object) => system.call<LivePage>(`${feed}.live`, asked);
			await watch(
				feeds.map((feed) => watching(ask(feed), { after, types }, over.signal)),
				after,
				limit,
				over,
				out,
			);
		} finally {
			out.enough.removeEventListener("abort", end);
		}
		return 0;
	},
};

/**
 * Shows the pages of all contexts until `over` aborts. A commit that cannot be read ends it with an error, and so does a context without a
 * node.
 */
async function watch(
	contexts: readonly AsyncGenerator<LivePage>[],
	after: string | undefined,
	limit: number,
	over: AbortController,
	out: Out,
): Promise<void> {
	let left = limit;
	const reached = new Map<string, string>();
	const give = ({ facts, after: to, unreadable }: LivePage): void => {
		for (const fact of facts) {
			if (over.signal.aborted) return;
			out.give(shown(fact), () => textOf(fact));
			if (--left <= 0) over.abort();
		}
		for (const place of to.split(",")) reached.set(place.slice(0, place.lastIndexOf(":")), place);
		if (unreadable && !over.signal.aborted) throw notUnderstood(unreadable, reached);
	};
	try {
		const first = (await Promise.all(contexts.map((context) => context.next()))).flatMap(({ done, value }) => (done ? [] : [value]));
		if (after !== undefined) knownIn(first, after);
		for (const page of first) give(page);
		await Promise.all(
			contexts.map(async (context) => {
				for await (const page of context) give(page);
			}),
		);
	} finally {
		over.abort();
	}
}

/** Throws for a partition that no log has, which would otherwise be ignored silently. */
function knownIn(first: readonly LivePage[], after: string): void {
	const partitions = first.flatMap(({ before }) => Object.keys(parsePositions(before) ?? {}));
	for (const partition of Object.keys(parsePositions(after) ?? {})) named("partition", partition, partitions);
}

/** A commit that cannot be read is never skipped silently; the error names the positions to continue from. */
function notUnderstood({ partition, position, code, detail }: Unreadable, reached: Map<string, string>): Error {
	reached.set(partition, positionText(partition, position));
	return Object.assign(new Error(`${detail}; --from ${[...reached.values()].join(",")} continues after it`), { type: code });
}

const shown = ({ partition, position, part, ...fact }: LiveFact) => ({
	position: `${positionText(partition, position)}${part === null ? "" : `.${part}`}`,
	...fact,
});
const textOf = ({ partition, position, service, id, version, at, by, type, data }: LiveFact): string =>
	`${escaped(at)}  ${positionText(partition, position)}  ${paint("bold", type)}  ${service} ${escaped(id)} v${version}  ${jsonOf(data)}  ${paint("dim", `by ${by}`)}`;
