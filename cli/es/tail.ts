/** Tail - es-tail: the facts of all contexts as they become visible, from now or from a position on. */
import type { Readable } from "node:stream";
import type { LiveFact, LiveStart } from "../../mixins/live.ts";
import { parsePositions, positionText } from "../../store/position.ts";
import { type Command, named, UsageError, whole } from "./command.ts";
import { type Out, paint } from "./out.ts";
import { catalogueOf } from "./system.ts";

export const esTail: Command = {
	name: "es-tail",
	description: "The facts of all contexts as they become visible; Ctrl-C ends it",
	example: "es-tail --types detection.qualified,infraction.opened --from radar:0:1200",
	args: [],
	options: {
		types: { value: "a,b", description: "only facts of these types", of: "facts" },
		from: { value: "position", description: "after these positions, e.g. radar:0:1200,registration:0:0; else from now on" },
		limit: { value: "number", description: "ends after so many facts" },
	},
	async run({ options }, system, out) {
		const { feeds, facts } = await catalogueOf(system);
		if (feeds.length === 0) throw new Error("no service here gives a live feed");
		const types = options["types"]?.split(",").map((type) => named("fact", type.trim(), facts));
		const limit = options["limit"] === undefined ? Infinity : whole("--limit", options["limit"], 1);
		const after = options["from"];
		if (after !== undefined && !parsePositions(after))
			throw new UsageError(`--from is "${after}": it has to be positions, e.g. radar:0:1200,registration:0:0`);
		const asked = { ...(after === undefined ? {} : { after }), ...(types ? { types } : {}) };
		const streams = await Promise.all(feeds.map((feed) => system.call<Readable>(`${feed}.live`, asked)));
		return watch(streams, after, limit, out);
	},
};

/** Gives what the streams give, until somebody has seen enough; a stream that ends by itself is a failure. */
async function watch(streams: readonly Readable[], after: string | undefined, limit: number, out: Out): Promise<0> {
	let left = limit;
	let over = false;
	const end = (): void => {
		over = true;
		for (const stream of streams) stream.destroy();
	};
	const give = async (facts: AsyncIterable<LiveFact>): Promise<void> => {
		for await (const fact of facts) {
			if (over) return;
			out.give(shown(fact), () => textOf(fact));
			if (--left <= 0) return end();
		}
		throw new Error("the live feed has ended");
	};
	out.enough.addEventListener("abort", end, { once: true });
	try {
		const feeds = streams.map((stream) => stream.iterator() as AsyncIterable<LiveFact> & AsyncIterator<LiveStart>); // as live.ts gives them
		const starts = await Promise.all(feeds.map(async (feed) => (await feed.next()).value));
		if (after !== undefined) knownIn(starts, after);
		if (!out.enough.aborted) await Promise.all(feeds.map(give));
	} catch (error) {
		if (!over) throw error; // a stream that is cut rejects
	} finally {
		end();
		out.enough.removeEventListener("abort", end);
	}
	return 0;
}

/** A position of a log nobody has would silently be no position at all. */
function knownIn(starts: readonly LiveStart[], after: string): void {
	const partitions = starts.flatMap(({ positions }) => Object.keys(positions));
	for (const partition of Object.keys(parsePositions(after) ?? {})) named("partition", partition, partitions);
}

const shown = ({ partition, position, part, ...fact }: LiveFact) => ({
	position: `${positionText(partition, position)}${part === null ? "" : `.${part}`}`,
	...fact,
});
const textOf = ({ partition, position, service, id, version, at, by, type, data }: LiveFact): string =>
	`${at}  ${positionText(partition, position)}  ${paint("bold", type)}  ${service} ${id} v${version}  ${JSON.stringify(data)}  ${paint("dim", `by ${by}`)}`;
