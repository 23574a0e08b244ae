/** What the three of Emmett have in common: its events, its command handler, and which failures are worth another try. */
import { CommandHandler, type Event, type EventStore, isExpectedVersionConflictError } from "@event-driven-io/emmett";
import { contentOf } from "../contestant.ts";
import { decide, evolve, fold, type Order, type Radar, type Reading, type Row, type Shape, UNKNOWN } from "../work.ts";

export type Recorded = Event<"radar.installed", Reading> | Event<"radar.read", Reading>;

/** Its documented defaults are 3 retries from 100 ms on, for conflicts only: more and sooner, and for a busy file too, serves it better. */
const RETRY = { retries: 10, minTimeout: 5, factor: 1.6, randomize: true };
const busy = (error: unknown): boolean => {
	const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }; // of SQLite, and of a unique index of MongoDB
	return code === "SQLITE_BUSY" || code === 11000 || String(message).includes("no transaction is active"); // how it says that it could not begin one
};

export class Handler {
	retried = 0;
	readonly #handle: (store: EventStore, shape: Shape, order: Order) => Promise<unknown>;

	constructor(streamOf: (id: string) => string) {
		const handle = CommandHandler<Radar, Recorded>({
			initialState: () => UNKNOWN,
			evolve: (state, { data }) => evolve(state, data),
			mapToStreamId: streamOf,
			retry: { ...RETRY, shouldRetryError: (error) => isExpectedVersionConflictError(error) || busy(error), onRetry: () => this.retried++ },
		});
		this.#handle = (store, shape, order) =>
			handle(store, order.id, (state) => {
				decide(shape, state);
				return { type: shape === "new" ? "radar.installed" : "radar.read", data: contentOf(order) };
			});
	}
	async give(store: EventStore, shape: Shape, order: Order): Promise<void> {
		await this.#handle(store, shape, order);
	}
}

export const folded = (row: Row | null | undefined, { data }: Pick<Recorded, "data">): Row => fold(row, data);
