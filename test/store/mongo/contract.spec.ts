/** MongoContract - the log and the rows on MongoDB pass the store contracts, and tests of MongoDB alone. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { type LogPartition, PartitionsFixed, StoreUnavailable } from "../../../store/log.ts";
import { MongoLogStore } from "../../../store/mongo/log.ts";
import { MongoRowStore } from "../../../store/mongo/rows.ts";
import { blank, type Change, checkpointOf, type Row, type Table } from "../../../store/rows.ts";
import { becomes, CARS, drive } from "../../support/cars.ts";
import { chainedAfter, everything, stored, tail, tailOf, things } from "../../support/commits.ts";
import { databaseUrl, type MongoPlace, mongoServer } from "../../support/mongo.ts";
import { logContract, type Place } from "../log.contract.ts";
import { readsContract } from "../reads.contract.ts";
import { rowsContract, type RowsPlace } from "../rows.contract.ts";

const server = await mongoServer();
afterAll(() => server?.stop());

const placeOf = () => {
	if (!server) throw new Error("no test runs without a server");
	return server.place();
};
const logs = (): Place => {
	const place = placeOf();
	return { open: (partitions) => new MongoLogStore(place.url, partitions), remove: () => place.remove() };
};
const rows = (): RowsPlace => {
	const place = placeOf();
	return { open: () => new MongoRowStore(place.url), remove: () => place.remove() };
};

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of open.splice(0).toReversed()) await close();
});
const freshPlace = (): MongoPlace => {
	const place = placeOf();
	open.push(() => place.remove());
	return place;
};
const logsAt = ({ url }: MongoPlace, partitions?: number): MongoLogStore => {
	const store = new MongoLogStore(url, partitions);
	open.push(() => store.close());
	return store;
};
const rowsAt = ({ url }: MongoPlace): MongoRowStore => {
	const store = new MongoRowStore(url);
	open.push(() => store.close());
	return store;
};
const first = async (store: MongoLogStore): Promise<LogPartition> => {
	const [partition] = await store.open("radar");
	if (!partition) throw new Error("a log has at least one partition");
	return partition;
};
const AT = "2026-03-01T00:00:00.000Z";
/** Requires updates that are atomic with their filter, or features of a replica set. */
const onMongoDB = server?.ferret ? it.skip : it;

(server ? describe : describe.skip)("a MongoDB", () => {
	logContract("MongoDB", logs);
	rowsContract("MongoDB", rows);
	readsContract("MongoDB", rows);

	describe("keeps a log that", () => {
		it("supports more than 2^31 commits in a partition, and more than 2^31 facts in a stream", async () => {
			const place = freshPlace();
			const log = await first(logsAt(place));
			const far = 2 ** 31 - 2;
			await place.db
				.collection<{ _id: number }>("log.radar.0")
				.insertOne({ _id: far, ...{ stream: "a-1", version: 0, body: "{}", hash: "x" } });
			const commits = chainedAfter({ position: far, hash: "x" }, [
				{ stream: "a-2", version: 2 ** 31 },
				{ stream: "a-3", version: 2 ** 40 },
			]);
			expect(await log.append(commits)).toBe(true);
			expect(await log.append(commits)).toBe(false);
			expect(await log.append(things(1, tailOf(commits)))).toBe(true);
			expect((await log.read(far, 2)).map(stored)).toEqual(commits);
			expect((await log.tail()).position).toBe(far + 3);
			expect((await log.streams(["a-3"], 9)).map(stored)).toEqual(commits.slice(1));
		});

		it("has 16 partitions by default", async () => {
			expect(await logsAt(freshPlace()).open("radar")).toHaveLength(16);
		});

		it("is the same for all processes that create it at once with different settings", async () => {
			const place = freshPlace();
			const wanted = [2, 3, 2, 3, undefined, undefined];
			const opened = await Promise.allSettled(wanted.map((partitions) => logsAt(place, partitions).open("radar")));
			const counts = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value.length] : []));
			const kept = (await logsAt(place).open("radar")).length;
			expect(new Set(counts)).toEqual(new Set([kept]));
			for (const [i, one] of opened.entries()) {
				const fits = wanted[i] === undefined || wanted[i] === kept;
				expect(one.status).toBe(fits ? "fulfilled" : "rejected");
				if (one.status === "rejected") expect(one.reason).toBeInstanceOf(PartitionsFixed);
			}
		});

		it("has another number of partitions is reported before anything is opened", async () => {
			const place = freshPlace();
			await logsAt(place, 2).open("radar");
			await logsAt(place, 2).ready();
			await expect(logsAt(place, 5).ready()).rejects.toThrow(
				new PartitionsFixed('PARTITIONS is 5, but the log "radar" was created with 2'),
			);
		});

		it("reports by a probe that it can be written, without a change", async () => {
			const log = await first(logsAt(freshPlace(), 1));
			await log.append(things(2));
			await log.probe?.();
			expect((await everything(log)).map(stored)).toEqual(things(2));
		});
	});

	describe("keeps rows that", () => {
		it("are complete again after a save that failed halfway, with each fact folded once", async () => {
			const store = rowsAt(freshPlace());
			const table = await store.open(CARS);
			await drive(table, { a: { size: 1 }, b: { size: 1 } });
			const [mine, other] = [await table.load(["a", "b"]), await table.load(["a", "b"])];
			const step = [{ partition: "cars:0", from: tail(1), to: tail(2) }];
			const all = (from: ReadonlyMap<string, Row>) => [...from.values()].map((row) => becomes(row, { size: 2 }));
			expect(await table.save(all(other).slice(0, 1), [])).toBe(true); // another process writes its first row, then crashes
			expect(await table.save(all(mine), step)).toBe(false);
			expect(await table.checkpoints()).toEqual({ "cars:0": tail(1) });
			const left = [...(await table.load(["a", "b"])).values()].filter(({ at }) => (at["cars:0"] ?? 0) < 2);
			expect(
				await table.save(
					left.map((row) => becomes(row, { size: 2 })),
					step,
				),
			).toBe(true);
			for (const row of (await table.load(["a", "b"])).values())
				expect(row).toMatchObject({ rev: 2, at: { "cars:0": 2 }, columns: [null, 2, null] });
			expect(await table.checkpoints()).toEqual({ "cars:0": tail(2) });
		});

		it("are not overwritten by a process with another history of the same revision", async () => {
			const table = await rowsAt(freshPlace()).open(CARS);
			await drive(table, { a: { colour: "red" } });
			const row = (await table.load(["a"])).get("a") ?? blank("a");
			const imagined = { ...row, at: { "cars:1": 7 } };
			expect(await table.save([becomes(imagined, { colour: "blue" })], [])).toBe(false);
			expect(await table.refresh(becomes(imagined, { colour: "blue" }))).toBe(false);
			expect(await table.load(["a"])).toEqual(new Map([["a", row]]));
		});

		it("are folded again if the checkpoint of another partition has moved", async () => {
			const table = await rowsAt(freshPlace()).open(CARS);
			const rests = (position: number) => ({ partition: "cars:1", from: tail(position), to: tail(position) });
			expect(await table.save([becomes(blank("a"), {})], [{ partition: "cars:0", from: tail(0), to: tail(5) }, rests(0)])).toBe(true);
			expect(await table.save([], [{ partition: "cars:1", from: tail(0), to: tail(2) }])).toBe(true);
			expect(await table.save([becomes(blank("b"), {})], [{ partition: "cars:0", from: tail(5), to: tail(6) }, rests(0)])).toBe(false);
			expect(await table.save([becomes(blank("b"), {})], [rests(0)])).toBe(false);
			expect(await table.save([becomes(blank("b"), {})], [rests(2)])).toBe(true);
			expect(await table.checkpoints()).toEqual({ "cars:0": tail(5), "cars:1": tail(2) });
		});

		it("were removed with their generation reject late writes of a follower", async () => {
			const store = rowsAt(freshPlace());
			for (let i = 0; i < 2; i++) await store.begin(CARS, "", AT);
			const table = await store.open({ ...CARS, name: "cars@2" });
			await drive(table, { a: { colour: "red" } });
			const [[partition = "", from] = []] = Object.entries(await table.checkpoints());
			if (!from) throw new Error("it was driven");
			expect(await store.remove("cars", 2)).toBe(true);
			const goesOn = [{ partition, from, to: { ...from, position: from.position + 1 } }]; // from the last checkpoint of this process
			await expect(table.save([becomes(blank("c"), {})], goesOn)).rejects.toThrow(StoreUnavailable);
			expect(await table.scan("", 10)).toEqual([]);
			await expect(drive(table, { b: { colour: "red" } })).rejects.toThrow(StoreUnavailable);
			const next = await store.begin(CARS, "", AT);
			expect(next).toMatchObject({ number: 3, state: "building", spec: { name: "cars@3" } });
		});

		onMongoDB("are folded by three projectors at once contain each fact once, in order", async () => {
			const place = freshPlace();
			const FACTS = 300;
			const idsOfFact = (position: number) => [`car-${position % 7}`, `car-${position % 5}`];
			/** Processes one batch like a projector: skips positions that a row has seen, and retries a failed save. */
			const take = async (table: Table, most: number): Promise<boolean> => {
				const from = checkpointOf(await table.checkpoints(), "cars:0").position;
				const to = Math.min(FACTS, from + most);
				const facts = Array.from({ length: to - from }, (_, i) => from + 1 + i);
				const rows = await table.load([...new Set(facts.flatMap(idsOfFact))]);
				const changes = new Map<string, Change>();
				for (const position of facts)
					for (const id of new Set(idsOfFact(position))) {
						const before = changes.get(id)?.before ?? rows.get(id) ?? blank(id);
						const row = changes.get(id)?.after ?? before;
						if ((before.at["cars:0"] ?? 0) >= position) continue;
						const seen = [...((row.data as { seen?: number[] } | null)?.seen ?? []), position]; // our own rows
						const after = { ...row, at: { "cars:0": position }, data: { seen }, columns: [null, seen.length, null] };
						changes.set(id, { before, after });
					}
				if (facts.length > 0) await table.save([...changes.values()], [{ partition: "cars:0", from: tail(from), to: tail(to) }]);
				return to < FACTS;
			};
			const follow = async (store: MongoRowStore, most: number): Promise<void> => {
				const table = await store.open(CARS);
				while (await take(table, most));
			};
			await Promise.all([7, 10, 13].map((most) => follow(rowsAt(place), most)));
			const table = await rowsAt(place).open(CARS);
			expect(await table.checkpoints()).toEqual({ "cars:0": tail(FACTS) });
			for (const row of await table.scan("", 100)) {
				const all = Array.from({ length: FACTS }, (_, i) => i + 1).filter((position) => idsOfFact(position).includes(row.id));
				expect([row.id, row.data]).toEqual([row.id, { seen: all }]);
			}
		});

		onMongoDB("have a checkpoint that never falls, whichever process writes it last", async () => {
			const place = freshPlace();
			const tables = await Promise.all([rowsAt(place), rowsAt(place)].map((store) => store.open(CARS)));
			for (let from = 0; from < 200; from += 10) {
				const tos = [from + 10, from + 3];
				const saved = await Promise.all(
					tables.map((table, i) => table.save([], [{ partition: "cars:0", from: tail(from), to: tail(tos[i] ?? 0) }])),
				);
				const highest = Math.max(...tos.filter((_, i) => saved[i]));
				expect(await tables[0]?.checkpoints()).toEqual({ "cars:0": tail(highest) });
				if (highest < from + 10) await tables[0]?.save([], [{ partition: "cars:0", from: tail(highest), to: tail(from + 10) }]);
			}
		});

		onMongoDB("get separate generations from concurrent rebuilds", async () => {
			const place = freshPlace();
			await rowsAt(place).begin(CARS, "old", AT);
			const begun = await Promise.all(Array.from({ length: 4 }, (_, i) => rowsAt(place).begin(CARS, `new ${i}`, AT)));
			expect(begun.map(({ number }) => number).toSorted()).toEqual([2, 3, 4, 5]);
			const kept = await rowsAt(place).generations("cars");
			expect(kept.slice(1)).toEqual(begun.toSorted((a, b) => a.number - b.number));
		});
	});
});

describe("the URL of a database", () => {
	it.each([
		["mongodb://host", "mongodb://host/there"],
		["mongodb://host/", "mongodb://host/there"],
		["mongodb://a:1,b:2/db?replicaSet=rs", "mongodb://a:1,b:2/there?replicaSet=rs"],
		["mongodb://me:pw@host/db", "mongodb://me:pw@host/there?authSource=db"],
		["mongodb://me:pw@host/?w=1", "mongodb://me:pw@host/there?w=1&authSource=admin"],
		["mongodb+srv://me:pw@host/db?authSource=admin", "mongodb+srv://me:pw@host/there?authSource=admin"],
	])("of %s is changed to another database on the same server", (url, there) => expect(databaseUrl(url, "there")).toBe(there));
});
