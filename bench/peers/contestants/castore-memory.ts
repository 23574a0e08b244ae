/** Castore in memory: its event store and command, retried as it does by itself, and the read model kept by its `onEventPushed`. */
import { Command, EventStore, EventType, tuple } from "@castore/core";
import { InMemoryEventStorageAdapter } from "@castore/event-storage-adapter-in-memory";
import { contentOf, type Kept, type Running, type Task } from "../contestant.ts";
import { decide, evolve, fold, type Order, type Radar, type Reading, type Row, type Shape, UNKNOWN } from "../work.ts";

const RETRIES = 10;
const installed = new EventType<"radar.installed", Reading>({ type: "radar.installed" });
const read = new EventType<"radar.read", Reading>({ type: "radar.read" });
type Aggregate = Radar & { readonly aggregateId: string; readonly version: number };

export async function open({ projection }: Task): Promise<Running> {
	const rows = new Map<string, Row>();
	const storage = new InMemoryEventStorageAdapter();
	let retried = 0;
	const radars = new EventStore({
		eventStoreId: "radars",
		eventTypes: [installed, read],
		reducer: (state: Aggregate | undefined, event): Aggregate => ({
			...evolve(state ?? UNKNOWN, event.payload),
			aggregateId: event.aggregateId,
			version: event.version,
		}),
		eventStorageAdapter: storage,
		...(projection
			? { onEventPushed: async ({ event }) => void rows.set(event.aggregateId, fold(rows.get(event.aggregateId), event.payload)) }
			: {}),
	});
	const command = new Command({
		commandId: "read",
		requiredEventStores: tuple(radars),
		eventAlreadyExistsRetries: RETRIES,
		onEventAlreadyExists: async (_error, { retriesLeft }) => {
			if (retriesLeft > 0) retried++;
		},
		handler: async ({ shape, order }: { shape: Shape; order: Order }, [store]) => {
			const { aggregate } = await store.getAggregate(order.id);
			decide(shape, aggregate ?? UNKNOWN);
			const version = (aggregate?.version ?? 0) + 1;
			const type = shape === "new" ? "radar.installed" : "radar.read";
			await store.pushEvent({ aggregateId: order.id, version, type, payload: contentOf(order) }, { prevAggregate: aggregate });
		},
	});
	return {
		command: (shape, order) => command.handler({ shape, order }, [radars]),
		retried: () => retried,
		complete: () => Promise.resolve(), // by the time it is acknowledged
		rows: async () => rows,
		async kept() {
			const { aggregateIds } = await radars.listAggregateIds();
			const streams = await Promise.all(aggregateIds.map(async ({ aggregateId }) => (await radars.getEvents(aggregateId)).events));
			return streams.flat().map(({ aggregateId, version, payload }): Kept => ({ id: aggregateId, version, n: payload.n }));
		},
	};
}
