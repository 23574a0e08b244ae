/** MongoSchema - parts of a database that this system did not make: they are found before anything is written, and by es-verify. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { type Document, Long } from "mongodb";
import { foreignCollections, foreignIndexes, OF_LOG, OF_ROWS } from "../../../store/mongo/schema.ts";
import { MongoLogStore } from "../../../store/mongo/log.ts";
import { MongoRowStore } from "../../../store/mongo/rows.ts";
import { answered, person } from "../../http/scenery.ts";
import { CARS } from "../../support/cars.ts";
import { Folder } from "../../support/folder.ts";
import { mongoServer } from "../../support/mongo.ts";
import { es } from "../../support/operator.ts";
import { System } from "../../support/system.ts";
import { WireServer } from "../../support/wire.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).toReversed()) await close();
});
const mongo = await mongoServer();
afterAll(() => mongo?.stop());

const ID = { name: "_id_", key: { _id: 1 } };
const VERSIONS = { name: "stream_1_version_1", key: { stream: 1, version: 1 }, unique: true };

describe("a database", () => {
	it.each([
		["a view in place of rows", { name: "rows.radars", type: "view", options: { viewOn: "other" } }, OF_ROWS, ["the view rows.radars"]],
		["a view in place of a partition", { name: "log.radar.0", type: "view" }, OF_LOG, ["the view log.radar.0"]],
		["a time series", { name: "log.radar.0", type: "timeseries" }, OF_LOG, ["the timeseries log.radar.0"]],
		[
			"a limited collection",
			{ name: "heads", options: { capped: true, size: 1 } },
			OF_LOG,
			["the option capped of heads", "the option size of heads"],
		],
		["a validator", { name: "log.radar.0", options: { validator: {} } }, OF_LOG, ["the option validator of log.radar.0"]],
		["a collation", { name: "generations", options: { collation: { locale: "fr" } } }, OF_ROWS, ["the option collation of generations"]],
		["plain collections", { name: "rows.radars", type: "collection", options: { storageEngine: {} } }, OF_ROWS, []],
		["a view of another application", { name: "reports", type: "view" }, OF_ROWS, []],
	])("with %s is judged by it", (_what, collection, own, parts) => expect(foreignCollections([collection], own)).toEqual(parts));

	it.each([
		["a partition", "log.radar.0", [ID, VERSIONS], []],
		[
			"rows, sharded",
			"rows.radars",
			[ID, { name: "h", key: { _id: "hashed" } }, { name: "due", key: { due: 1 }, partialFilterExpression: {} }],
			[],
		],
		["rows with an index of the operator", "rows.radars", [ID, { name: "mine", key: { by_status: -1 } }], []],
		[
			"commits that are deleted after some time",
			"log.radar.0",
			[ID, { name: "ttl", key: { at: 1 }, expireAfterSeconds: 0 }],
			["the index ttl of log.radar.0"],
		],
		["rows that are refused", "rows.radars", [{ name: "u", key: { by_status: 1 }, unique: true }], ["the index u of rows.radars"]],
		["rows that are unique like commits", "rows.radars", [VERSIONS], ["the index stream_1_version_1 of rows.radars"]],
		[
			"rows of which an index accepts only places",
			"rows.radars",
			[{ name: "g", key: { by_site: "2dsphere" } }],
			["the index g of rows.radars"],
		],
	])("with %s is judged by its indexes", (_what, collection, indexes: readonly Document[], parts) =>
		expect(foreignIndexes(collection, indexes)).toEqual(parts),
	);

	it("is asked for collections and indexes, and loses a collection meanwhile", async () => {
		const collections = ["logs", "log.radar.0", "rows.radars", "reports"].map((name) => ({ name, type: "collection", options: {} }));
		const answers = (firstBatch: readonly Document[]) => ({ ok: 1, cursor: { id: Long.ZERO, ns: "wire.x", firstBatch } });
		const server = await WireServer.start((command) => {
			if ("listCollections" in command) return answers(collections);
			if (command["listIndexes"] === "rows.radars") return { ok: 0, code: 26, codeName: "NamespaceNotFound", errmsg: "ns does not exist" };
			return answers(
				command["listIndexes"] === "log.radar.0" ? [ID, VERSIONS, { name: "ttl", key: { at: 1 }, expireAfterSeconds: 1 }] : [ID],
			);
		});
		const [logs, rows] = [new MongoLogStore(server.url), new MongoRowStore(server.url)];
		closing.push(
			() => server.stop(),
			() => logs.close(),
			() => rows.close(),
		);
		expect([await logs.foreign(), await rows.foreign()]).toEqual([["the index ttl of log.radar.0"], []]);
		expect(server.named("listIndexes").map((command) => command["listIndexes"])).not.toContain("reports");
		expect(
			server.commands.filter((command) => !("listCollections" in command) && !("listIndexes" in command) && !("hello" in command)),
		).toEqual([]);
	});
});

(mongo ? describe : describe.skip)("a system on MongoDB", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());

	it("has no foreign part by itself, and does not start with one, without writing anything", async () => {
		const place = mongo?.place();
		if (!place) throw new Error("this block does not run without it");
		closing.push(() => place.remove());
		const settings = { MONGO_URL: place.url, PARTITIONS: "2" };
		const system = await System.start(settings, { dataDir: folder.path });
		closing.push(() => system.dispose());
		answered(201, await system.post("/owners", { id: "m-owner", ...person }));
		await place.db.collection("reports").createIndex({ text: 1 }, { unique: true });
		const verified = await es(folder.path, ["verify", "--json"], settings);
		expect(verified).toMatchObject({ code: 0, json: { ok: true, foreign: [] } });

		await place.db.collection("log.registration.0").createIndex({ body: 1 }, { name: "planted", unique: true });
		const found = await es(folder.path, ["verify"], settings);
		expect(found.code).toBe(1);
		expect(found.stdout).toContain("foreign: the index planted of log.registration.0 is not of this system");
		expect(await system.stop()).toBe(0);
		const counts = async () =>
			Promise.all(
				(await place.db.listCollections().toArray()).map(async ({ name }) => [name, await place.db.collection(name).countDocuments()]),
			);
		const before = await counts();
		const { code, output } = await system.ending();
		expect([code, output]).toEqual([
			1,
			expect.stringMatching(/^the store holds the index planted of log\.registration\.0, which this system did not make [^\n]*\n$/),
		]);
		expect(await counts()).toEqual(before);
		await place.db.collection("log.registration.0").dropIndex("planted");
		await system.up();
	});

	it("lists the parts of stores on it", async () => {
		const place = mongo?.place();
		if (!place) throw new Error("this block does not run without it");
		const rows = new MongoRowStore(place.url);
		closing.push(
			() => place.remove(),
			() => rows.close(),
		);
		await rows.open(CARS);
		expect(await rows.foreign()).toEqual([]);
		await place.db.collection("rows.cars").createIndex({ due: 1, rev: 1 }, { name: "planted", unique: true });
		expect(await rows.foreign()).toEqual(["the index planted of rows.cars"]);
	});
});
