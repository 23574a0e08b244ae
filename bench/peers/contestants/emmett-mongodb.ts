/** Emmett on MongoDB: a document a stream, with its inline projection inside it; journaled on the majority before it is acknowledged. */
import { getMongoDBEventStore, mongoDBInlineProjection } from "@event-driven-io/emmett-mongodb";
import { MongoClient } from "mongodb";
import type { Kept, Running, Task } from "../contestant.ts";
import type { Reading, Row } from "../work.ts";
import { folded, Handler, type Recorded } from "./emmett.ts";

const COLLECTION = "emt:radar";
const streamOf = (id: string): string => `radar:${id}`;
interface Stream {
	readonly streamName: string;
	readonly messages: readonly { readonly data: Reading; readonly metadata: { readonly streamPosition: unknown } }[];
	readonly projections?: { readonly radars?: Row };
}

const radars = mongoDBInlineProjection<Row, Recorded>({ name: "radars", canHandle: ["radar.installed", "radar.read"], evolve: folded });

export async function open({ mongoUrl = "", projection, inFlight }: Task): Promise<Running> {
	const client = new MongoClient(mongoUrl, { writeConcern: { w: "majority", journal: true }, maxPoolSize: Math.max(inFlight, 10) });
	const store = getMongoDBEventStore({ client, projections: projection ? [{ type: "inline", projection: radars }] : [] });
	const handler = new Handler(streamOf);
	return {
		command: (shape, order) => handler.give(store, shape, order),
		retried: () => handler.retried,
		complete: () => Promise.resolve(), // inline: in the same document
		async rows() {
			const found = await client
				.db()
				.collection<Stream>(COLLECTION)
				.find({}, { projection: { streamName: 1, projections: 1 } })
				.toArray();
			return new Map(
				found.flatMap(({ streamName, projections }) => (projections?.radars ? [[idOf(streamName), projections.radars] as const] : [])),
			);
		},
	};
}
const idOf = (stream: string): string => stream.slice("radar:".length);

export async function find({ mongoUrl = "" }: Task): Promise<readonly Kept[]> {
	const client = new MongoClient(mongoUrl);
	const streams = await client.db().collection<Stream>(COLLECTION).find().toArray();
	await client.close();
	return streams.flatMap(({ streamName, messages }) =>
		messages.map(({ data, metadata }) => ({ id: idOf(streamName), version: Number(metadata.streamPosition), n: data.n })),
	);
}
