/** ProjectorWaiting - a projector releases readers once its rows have reached their position, rewrites due rows, and stops at a bug in a fold. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Projector, tableOf } from "../../../mixins/read-models/projector.ts";
import { ContextLog } from "../../../mixins/logs/context-log.ts";
import { query } from "../../support/cars.ts";
import { FaultyTable, MemoryRowStore } from "../../support/memory-rows.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { type Event, logsOf, things } from "../../support/shop.ts";
import { restless, turns } from "../../support/turns.ts";

const LONG = 5000;
const made = (id: string, amount = 1): Event => ({ log: "shop", what: "made", id, amount });
const sale = (id: string, log: Event["log"] = "shop"): Event => ({ log, what: "sold", id, amount: 1 });

describe("a projector", () => {
	let now: string;
	let table: FaultyTable;
	let projector: Projector;
	let logs: Record<"shop" | "web", ScriptedLog>;
	let happened: Event[];
	let stopped: Error[];
	beforeEach(async () => {
		now = "2026-03-01T12:00:00.000Z";
		[happened, stopped] = [[], []];
		table = new FaultyTable(await new MemoryRowStore().open(tableOf(things)));
		projector = new Projector(things, table, () => now);
		logs = { shop: new ScriptedLog(new Shelf(), { name: "shop:0" }), web: new ScriptedLog(new Shelf(), { name: "web:0" }) };
		const followed = (["shop", "web"] as const).map((context) => ({
			context,
			partition: 0,
			log: logs[context],
			contextLog: new ContextLog([logs[context]], restless),
		}));
		await projector.start(followed, (error) => stopped.push(error));
		await turns(3);
	});
	afterEach(() => Promise.all(projector.followers.map((follower) => follower.stop())));

	const hint = (): void => {
		for (const follower of projector.followers) follower.hint(logs[follower.name === "shop:0" ? "shop" : "web"].shelf.tail.position);
	};
	const happen = (...events: readonly Event[]): void => {
		happened.push(...events);
		const all = logsOf(happened);
		for (const context of ["shop", "web"] as const) logs[context].shelf.put(all[context].slice(logs[context].shelf.tail.position));
		hint();
	};
	/** The current result of a promise. */
	const told = async (asked: Promise<boolean>): Promise<boolean | "waits"> => {
		let answer: boolean | "waits" = "waits";
		void asked.then((value) => (answer = value));
		await turns();
		return answer;
	};

	describe("with a reader that waits for a position", () => {
		it("answers at once if it has reached the position, and for logs it does not follow", async () => {
			happen(made("a"));
			await turns();
			expect(await told(projector.until({ "shop:0": 1 }, LONG))).toBe(true);
			expect(await told(projector.until({ "elsewhere:0": 99, "shop:7": 99 }, LONG))).toBe(true);
			expect(await told(projector.until({}, LONG))).toBe(true);
		});

		it("answers when it has reached the positions of all logs", async () => {
			const both = projector.until({ "shop:0": 1, "web:0": 1 }, LONG);
			happen(made("a"));
			expect(await told(both)).toBe("waits");
			happen(sale("a", "web"));
			expect(await told(both)).toBe(true);
			expect((await table.get("a"))?.data).toMatchObject({ sold: 1 });
		});

		it("answers only after the rows are readable", async () => {
			const release = table.hold();
			happen(made("a"));
			const asked = projector.until({ "shop:0": 1 }, LONG);
			expect(await told(asked)).toBe("waits");
			release();
			expect(await told(asked.then(async () => (await table.get("a")) !== null))).toBe(true);
		});

		it("answers false after the timeout, and true to the next reader in time", async () => {
			expect(await projector.until({ "shop:0": 1 }, 1)).toBe(false);
			const asked = projector.until({ "shop:0": 1 }, LONG);
			happen(made("a"));
			expect(await told(asked)).toBe(true);
		});

		it("answers a reader that waits again right after its answer", async () => {
			const asked = projector.until({ "shop:0": 1 }, LONG).then(() => projector.until({ "shop:0": 1 }, LONG));
			happen(made("a"));
			expect(await told(asked)).toBe(true);
		});

		it("answers readers that arrive at any point of a batch", async () => {
			const asked: Promise<boolean>[] = [];
			const release = table.hold();
			happen(made("a"));
			await turns();
			release();
			for (let step = 0; step < 30; step++) {
				asked.push(projector.until({ "shop:0": 1 }, LONG));
				await null;
			}
			expect(await told(Promise.all(asked).then((all) => all.every(Boolean)))).toBe(true);
		});
	});

	describe("with rows that depend on the time", () => {
		const priced = (id: string, day: number): Event => ({ log: "shop", what: "priced", id, amount: day - 1 }); // valid from that day on
		const prices = async (): Promise<unknown[]> =>
			(await table.find(query({ sort: "price" }))).map((row) => [row.id, row.columns?.[tableOf(things).columns.indexOf("price")]]);

		it("updates them on a refresh", async () => {
			happen(made("a", 7), made("b", 8), made("c", 9), priced("a", 2), priced("b", 3));
			await turns();
			expect(await prices()).toEqual([
				["a", 7],
				["b", 8],
				["c", 9],
			]);
			now = "2026-03-02T00:00:00.000Z";
			await projector.refreshDue();
			expect(await prices()).toEqual([
				["a", 1],
				["b", 8],
				["c", 9],
			]);
			now = "2026-03-09T00:00:00.000Z";
			await projector.refreshDue();
			expect(await prices()).toEqual([
				["a", 1],
				["b", 2],
				["c", 9],
			]);
			expect(await table.due(now, 10)).toEqual([]);
		});

		it("continues to fold into refreshed rows", async () => {
			happen(made("a", 7), priced("a", 2), sale("a"));
			await turns();
			happen(sale("a")); // kept in memory
			await turns();
			now = "2026-03-02T00:00:00.000Z";
			await projector.refreshDue();
			happen(sale("a"));
			await turns();
			expect(stopped).toEqual([]);
			expect(projector.followers[0]?.position).toBe(5);
			expect((await table.get("a"))?.data).toMatchObject({ sold: 3, version: 2 });
			expect(await prices()).toEqual([["a", 1]]);
		});

		it("refreshes all due rows, also hundreds", async () => {
			const ids = Array.from({ length: 450 }, (_, i) => `thing${i}`);
			happen(...ids.flatMap((id) => [made(id, 9), priced(id, 2)]));
			await turns();
			now = "2026-03-05T00:00:00.000Z";
			await projector.refreshDue();
			expect(new Set((await prices()).map((row) => JSON.stringify(row).replace(/"thing\d+"/, "")))).toEqual(new Set(["[,1]"]));
		});
	});

	describe("with faults", () => {
		it.each(["rejected", "lost"] as const)("folds each fact once if a save was %s", async (mishap) => {
			happen(made("a"), sale("a"));
			await turns();
			table.script.push(mishap);
			happen(sale("a"), sale("a"));
			for (let look = 0; look < 20 && (projector.followers[0]?.position ?? 0) < 4; look++) {
				await new Promise((resolve) => setTimeout(resolve, 20)); // its own pause between two attempts
				hint();
			}
			expect((await table.get("a"))?.data).toMatchObject({ sold: 3 });
			expect(await table.checkpoints()).toMatchObject({ "shop:0": { position: 4 } });
		});

		it("stops at a fact that cannot be folded, reports the position, and continues with the other log", async () => {
			happen(made("a"), { log: "shop", what: "sold", id: "a", amount: -1 });
			happen(sale("a", "web"));
			await turns();
			expect(stopped.map(({ message }) => message)).toEqual(["the fact at position 2 cannot be folded: a negative amount cannot be sold"]);
			expect(projector.followers.map(({ position, error }) => [position, error !== null])).toEqual([
				[0, true],
				[1, false],
			]);
			expect((await table.load(["a"])).get("a")?.data).toEqual({ sold: 1 });
		});
	});
});
