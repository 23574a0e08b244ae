/**
 * The log on MongoDB against bare insertMany - the same documents in the same batches, into a collection with the same index on the same
 * server, each acknowledged by a majority and journaled: the overhead of the store over MongoDB.
 *
 * node bench/parts/mongo.ts [--ms 2000] [--rounds 3]
 *
 * The server is that of MONGO_URL, else a mongod on PATH, else FerretDB (MongoDB's protocol over SQLite), as in the tests.
 */
import type { LogPartition } from "../../store/log.ts";
import { MongoLogStore } from "../../store/mongo/log.ts";
import { type MongoPlace, type MongoServer, mongoServer } from "../../test/support/mongo.ts";
import { type Cost, middle, timed } from "./appending.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";

const { ms, rounds } = numbers({ ms: "2000", rounds: "3" });
const sizes = [1, 10, 100] as const;

interface Kept {
	readonly _id: number;
	readonly stream: string;
	readonly version: number;
	readonly body: string;
	readonly hash: string;
}

async function bare({ db }: MongoPlace, size: number): Promise<Cost> {
	const kept = db.collection<Kept>("bare", { writeConcern: { w: "majority", journal: true } });
	await kept.createIndex({ stream: 1, version: 1 }, { unique: true });
	return timed(ms, size, async (batch) => {
		const documents = batch.map(({ position, stream, version, body, hash }) => ({ _id: position, stream, version, body, hash }));
		return (await kept.insertMany(documents, { ordered: true })).insertedCount === size;
	});
}

async function stored({ url }: MongoPlace, size: number): Promise<Cost> {
	const store = new MongoLogStore(url, 1);
	const [log] = await store.open("radar");
	const cost = await timed(ms, size, (batch) => (log as LogPartition).append(batch)); // `open` returned one partition
	await store.close();
	return cost;
}

/** Runs in a separate database and removes it afterwards. */
async function placed(server: MongoServer, cost: (place: MongoPlace) => Promise<Cost>): Promise<Cost> {
	const place = server.place();
	return cost(place).finally(() => place.remove());
}

async function measure(): Promise<Result> {
	const server = await mongoServer();
	if (!server)
		return {
			about: "No MongoDB was available: MONGO_URL is not set, and there is neither a mongod nor Go to build FerretDB with.",
			tables: [],
		};
	const rows = [];
	const shares: number[] = [];
	for (const size of sizes) {
		const [bares, stores]: [Cost[], Cost[]] = [[], []];
		for (let round = 0; round < rounds; round++) {
			bares.push(await placed(server, (place) => bare(place, size)));
			stores.push(await placed(server, (place) => stored(place, size)));
		}
		const [without, within] = [middle(bares), middle(stores)];
		say(`by ${size}: bare ${Math.round(without.perSecond)}/s, store ${Math.round(within.perSecond)}/s`);
		shares.push((within.perSecond / without.perSecond) * 100);
		rows.push([size, without.perSecond, within.perSecond, share(within.perSecond, without.perSecond), without.cpuMicros, within.cpuMicros]);
	}
	const name = server.ferret
		? "FerretDB, MongoDB's protocol over SQLite: a MongoDB answers sooner, and what the store adds then weighs more"
		: "MongoDB";
	await server.stop();
	return {
		about: `The same documents in the same batches, one after the other, into a collection with the same unique index on the same server, each batch acknowledged by a majority and journalled. CPU is that of the client. The server: ${name}.`,
		tables: [{ columns: ["batch", "bare commits/s", "store commits/s", "share", "bare CPU µs", "store CPU µs"], rows }],
		figures: { sharePercent: Math.min(...shares) },
	};
}

await run(measure);
