/** Due - rows that read differently over time are found by their current values, also after the clock was set back. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Projector, tableOf } from "../../../mixins/read-models/projector.ts";
import { ContextLog } from "../../../mixins/logs/context-log.ts";
import { StoreUnavailable } from "../../../store/log.ts";
import type { Change, Table } from "../../../store/rows.ts";
import { query } from "../../support/cars.ts";
import { MemoryRowStore } from "../../support/memory-rows.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { type Event, logsOf, things } from "../../support/shop.ts";
import { turns } from "../../support/turns.ts";

const PRICE = tableOf(things).columns.indexOf("price");
const BEFORE = "2026-03-01T23:00:00.000Z";
const MIDNIGHT = "2026-03-02T00:00:00.000Z";
const AFTER = "2026-03-02T00:30:00.000Z";

describe("a row whose price changes at midnight", () => {
	let now: string;
	let table: Table;
	let log: ScriptedLog;
	let happened: Event[];
	let projector: Projector;
	const started = async (): Promise<Projector> => {
		const made = new Projector(things, table, () => now);
		await made.start([{ context: "shop", partition: 0, log, contextLog: new ContextLog([log]) }], (error) => expect(error).toBeNull());
		await turns(3);
		return made;
	};
	const happen = async (...events: readonly Event[]): Promise<void> => {
		happened.push(...events);
		log.shelf.put(logsOf(happened).shop.slice(log.shelf.tail.position));
		for (const follower of projector.followers) follower.hint(log.shelf.tail.position);
		await turns();
	};
	/** Prices in the index columns, by id. */
	const prices = async (): Promise<unknown> => {
		await projector.refreshDue();
		return Object.fromEntries((await table.find(query({ sort: "id", limit: 2000 }))).map(({ id, columns }) => [id, columns?.[PRICE]]));
	};
	const made = (id: string): Event => ({ log: "shop", what: "made", id, amount: 7 });
	const tomorrow = (id: string): Event => ({ log: "shop", what: "priced", id, amount: 1 });
	const today = (id: string): Event => ({ log: "shop", what: "priced", id, amount: 3 });

	beforeEach(async () => {
		[now, happened] = [BEFORE, []];
		table = await new MemoryRowStore().open(tableOf(things));
		log = new ScriptedLog(new Shelf(), { name: "shop:0" });
		projector = await started();
	});
	afterEach(() => Promise.all(projector.followers.map((follower) => follower.stop())));

	it("is found at the old price after the clock was set back before midnight, and at the new one after midnight", async () => {
		await happen(made("a"), tomorrow("a"), made("b"));
		now = AFTER;
		expect(await prices()).toEqual({ a: 1, b: 7 });
		now = BEFORE;
		expect(await prices()).toEqual({ a: 7, b: 7 });
		now = MIDNIGHT;
		expect(await prices()).toEqual({ a: 1, b: 7 });
	});

	it("is found at the old price if its change was folded while the clock was ahead", async () => {
		now = AFTER;
		await happen(made("a"), tomorrow("a"));
		now = BEFORE;
		expect(await prices()).toEqual({ a: 7 });
	});

	it("is found at the old price among hundreds of others", async () => {
		const ids = Array.from({ length: 1100 }, (_, i) => `thing${i}`);
		await happen(...ids.flatMap((id, i) => (i % 100 === 0 ? [made(id), tomorrow(id)] : [made(id)])));
		now = AFTER;
		expect(Object.values((await prices()) as object).filter((price) => price === 1)).toHaveLength(11);
		now = BEFORE;
		expect(Object.values((await prices()) as object).filter((price) => price === 7)).toHaveLength(1100);
	});

	it("is found at the old price if the clock was set back before a start", async () => {
		now = "2026-03-01T08:15:00.000Z"; // the instant of all commits here
		await happen(made("a"), today("a"));
		expect(await prices()).toEqual({ a: 3 });
		await Promise.all(projector.followers.map((follower) => follower.stop()));
		now = "2026-02-28T23:59:59.000Z";
		projector = await started();
		expect(await prices()).toEqual({ a: 7 });
	});

	it.each([
		["a second keeps the new price", 1000, 1],
		["more than a second has the old price", 1001, 7],
	])("after a step back of the clock by %s", async (_what, milliseconds, price) => {
		await happen(made("a"), tomorrow("a"));
		now = "2026-03-02T00:00:00.500Z";
		expect(await prices()).toEqual({ a: 1 });
		now = new Date(Date.parse(now) - milliseconds).toISOString();
		expect(await prices()).toEqual({ a: price });
	});

	it("is found at the old price while the store cannot write, and at the new one afterwards", async () => {
		await happen(made("a"), tomorrow("a"));
		now = AFTER;
		const { refresh } = table;
		table.refresh = () => Promise.reject(new StoreUnavailable("rows.db: database or disk is full"));
		expect(await prices()).toEqual({ a: 7 });
		table.refresh = (change: Change) => refresh.call(table, change);
		expect(await prices()).toEqual({ a: 1 });
	});
});
