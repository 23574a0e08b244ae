/**
 * Emmett on SQLite, three ways: as documented (a file name), with its own option of one connection for all, and with that connection
 * behind a queue of ours, because without one its transactions run into each other.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { getSQLiteEventStore, sqliteConnection, sqliteProjection } from "@event-driven-io/emmett-sqlite";
import type { Kept, Running, Task } from "../contestant.ts";
import type { Reading, Row } from "../work.ts";
import { Handler, type Recorded } from "./emmett.ts";

const fileOf = ({ folder }: Task): string => join(folder, "emmett.db");
const streamOf = (id: string): string => `radar-${id}`;
const upsert =
	"INSERT INTO radars VALUES (?, 1, ?, ?) ON CONFLICT (id) DO UPDATE SET readings = readings + 1, fastest = max(fastest, excluded.fastest), plate = excluded.plate";

const radars = sqliteProjection<Recorded>({
	name: "radars",
	canHandle: ["radar.installed", "radar.read"],
	init: async ({ context: { connection } }) => {
		await connection.command("CREATE TABLE IF NOT EXISTS radars (id TEXT PRIMARY KEY, readings INTEGER, fastest INTEGER, plate TEXT)");
	},
	handle: async (events, { connection }) => {
		for (const { data, metadata } of events)
			await connection.command(upsert, [metadata.streamName.slice("radar-".length), data.speedKmh, data.plate]);
	},
});

export async function open(task: Task): Promise<Running> {
	const fileName = fileOf(task);
	const one =
		task.contestant === "emmett-sqlite"
			? {}
			: { connectionOptions: { singleton: true as const, connection: sqliteConnection({ fileName }) } };
	const projections = task.projection ? [{ type: "inline" as const, projection: radars }] : [];
	const store = getSQLiteEventStore({ fileName, projections, ...one });
	await store.schema.migrate();
	const handler = new Handler(streamOf);
	let last: Promise<unknown> = Promise.resolve();
	const queued = <T>(run: () => Promise<T>): Promise<T> => {
		const done = last.then(run, run);
		last = done;
		return done;
	};
	return {
		command: (shape, order) => {
			const run = () => handler.give(store, shape, order);
			return task.contestant === "emmett-sqlite-queued" ? queued(run) : run();
		},
		retried: () => handler.retried,
		complete: () => Promise.resolve(), // inline: in the same transaction
		rows: async () => rowsIn(fileName),
	};
}

function rowsIn(file: string): Map<string, Row> {
	const db = new DatabaseSync(file, { readOnly: true });
	const rows = db.prepare("SELECT id, readings, fastest, plate FROM radars").all();
	db.close();
	return new Map(
		rows.map(({ id, readings, fastest, plate }) => [
			String(id),
			{ readings: Number(readings), fastestKmh: Number(fastest), plate: String(plate) },
		]),
	);
}

export async function find(task: Task): Promise<readonly Kept[]> {
	const db = new DatabaseSync(fileOf(task));
	const rows = db.prepare("SELECT stream_id, stream_position, message_data FROM emt_messages ORDER BY global_position").all();
	db.close();
	return rows.map(({ stream_id: stream, stream_position: version, message_data: data }) => ({
		id: String(stream).slice("radar-".length),
		version: Number(version),
		n: (JSON.parse(String(data)) as Reading).n,
	}));
}
