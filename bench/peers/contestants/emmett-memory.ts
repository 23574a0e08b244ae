/** Emmett in memory, with its own in-memory documents as the read model. */
import { getInMemoryEventStore, inlineProjections, inMemorySingleStreamProjection } from "@event-driven-io/emmett";
import type { Running, Task } from "../contestant.ts";
import type { Row } from "../work.ts";
import { folded, Handler, type Recorded } from "./emmett.ts";

const streamOf = (id: string): string => `radar-${id}`;
const idOf = (stream: string): string => stream.slice("radar-".length);
type Document = Row & { readonly _id?: string };

const radars = inMemorySingleStreamProjection<Document, Recorded>({
	collectionName: "radars",
	canHandle: ["radar.installed", "radar.read"],
	evolve: folded,
});

export async function open(task: Task): Promise<Running> {
	const store = getInMemoryEventStore(task.projection ? { projections: inlineProjections([radars]) } : {});
	const handler = new Handler(streamOf);
	const streams = new Set<string>();
	return {
		command: (shape, order) => {
			streams.add(streamOf(order.id));
			return handler.give(store, shape, order);
		},
		retried: () => handler.retried,
		complete: () => Promise.resolve(), // inline
		async rows() {
			const documents = await store.database.collection<Document>("radars").find();
			return new Map(documents.map((row) => [idOf(row._id ?? ""), row]));
		},
		async kept() {
			const all = await Promise.all(
				[...streams].map(async (stream) => {
					const { events } = await store.readStream<Recorded>(stream);
					return events.map(({ data, metadata }) => ({ id: idOf(stream), version: Number(metadata.streamPosition), n: data.n }));
				}),
			);
			return all.flat();
		},
	};
}
