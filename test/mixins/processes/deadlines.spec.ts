/** Deadlines - a command with an instant is sent once, not before that instant, and not at all if it is no longer needed by then. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Depot, WRITTEN } from "../../support/depot.ts";
import type { Sent } from "../../support/parcels.ts";
import { turns } from "../../support/turns.ts";

const LAST = "2026-04-15T00:00:00.000Z";
const BEFORE = "2026-04-14T23:59:59.999Z";
const kept = (id: string, until = LAST): Sent => ({ id, customer: "ann", day: 5, until });
const open = (id: string) => `delivering/subject/${id}/open`;
const returned = (id: string) => `delivering/subject/${id}/return`;

describe("a command with an instant", () => {
	let depot: Depot;
	beforeEach(async () => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
		depot = await Depot.open();
	});
	afterEach(() => {
		jest.useRealTimers();
	});
	/** Commands sent since the last call. */
	const news = (): string[] => depot.round.asked.splice(0).toSorted();
	const later = async (milliseconds: number): Promise<void> => {
		await jest.advanceTimersByTimeAsync(milliseconds);
		await turns();
	};
	/** Sends what is due at an instant. */
	const at = async (now: string): Promise<string[]> => {
		depot.now = now;
		const sent = depot.runner.deadlines.send();
		await turns(60);
		await depot.settle();
		await sent;
		return news();
	};
	const dueRows = async (): Promise<number> => (await depot.inner.due("9999", 100)).length;

	it("is sent at that instant, not a millisecond before, and once", async () => {
		depot.send(kept("a"), kept("b"));
		await depot.settle();
		expect(news()).toEqual([open("a"), open("b")]);
		expect(await at(BEFORE)).toEqual([]);
		expect(await at(LAST)).toEqual([returned("a"), returned("b")]);
		expect(await at("2027-01-01T00:00:00.000Z")).toEqual([]);
		await depot.runner.recover();
		expect(news()).toEqual([]);
		expect(await dueRows()).toBe(0);
	});

	it("is sent at once if its instant is already over", async () => {
		depot.now = LAST;
		depot.send(kept("a"));
		await depot.settle();
		expect(news()).toEqual([open("a"), returned("a")]);
	});

	it("is cancelled by a fact after which it is not needed", async () => {
		depot.send(kept("a"), kept("b"));
		await depot.settle();
		depot.collect("a");
		await depot.settle();
		news();
		expect(await at(LAST)).toEqual([returned("b")]);
	});

	it("is not sent if the cancelling fact is read in the same moment", async () => {
		depot.send(kept("a"));
		await depot.settle();
		news();
		depot.now = LAST;
		depot.collect("a");
		await depot.show("post");
		expect(await at(LAST)).toEqual([]);
	});

	it("moves with the row: the earliest instant counts", async () => {
		depot.send(kept("a", "2026-05-01T00:00:00.000Z"), kept("b"));
		await depot.settle();
		news();
		expect(await at(LAST)).toEqual([returned("b")]);
		expect(await at("2026-05-01T00:00:00.000Z")).toEqual([returned("a")]);
	});

	it("waits while another command of the same work is pending, and follows it", async () => {
		depot.send(kept("a"));
		await depot.settle();
		news();
		depot.obliging = false;
		depot.move({ customer: "ann", from: 1, address: "Elm 1" });
		await depot.show("people");
		depot.now = LAST;
		const sent = depot.runner.deadlines.send();
		await turns(60);
		expect(news()).toEqual(["delivering/subject/a/1"]);
		depot.obliging = true;
		for (const call of depot.calls.splice(0)) call.answer();
		await sent;
		await depot.settle();
		await at(LAST);
		expect(depot.round.asked).toEqual([]);
		expect(await depot.runner.parking.work("a")).toMatchObject({ subject: { isOver: true, stands: { address: "Elm 1" } } });
	});

	it("is not lost by a crash, before its row is written or after it", async () => {
		depot.send(kept("a"));
		await depot.settle();
		await depot.crash();
		await depot.settle();
		await later(WRITTEN);
		expect(await dueRows()).toBe(1);
		await depot.crash();
		await depot.settle();
		news();
		expect(await at(LAST)).toEqual([returned("a")]);
	});

	it("is sent with the same id after a crash between the command and its answer", async () => {
		depot.send(kept("a"));
		await depot.settle();
		await later(WRITTEN);
		news();
		depot.obliging = false;
		depot.now = LAST;
		void depot.runner.deadlines.send();
		await turns(60);
		depot.calls[0]?.execute();
		await depot.crash();
		depot.obliging = true;
		void depot.runner.deadlines.send();
		await turns(60);
		await depot.settle();
		const asked = news();
		expect(asked.length).toBeGreaterThan(1);
		expect(new Set(asked)).toEqual(new Set([returned("a")]));
		expect(depot.logs.round.shelf.commits.filter(({ body }) => body.includes("delivery.returned"))).toHaveLength(1);
	});

	it("that the actor finds too early is sent again and never parked", async () => {
		depot.send(kept("a"));
		await depot.settle();
		news();
		depot.round.isEarly = true;
		depot.now = LAST;
		void depot.runner.deadlines.send();
		for (let n = 0; n < 30; n++) await later(10_000);
		expect(news().length).toBeGreaterThan(10);
		expect(await depot.runner.parking.list()).toEqual([]);
		expect(await depot.runner.unfinished(10)).toBe(1);
		depot.round.isEarly = false;
		await later(10_000);
		await depot.settle();
		expect(await depot.runner.unfinished(10)).toBe(0);
	});

	it("is not sent while the clock is set back, and later at its instant", async () => {
		depot.send(kept("a"));
		await depot.settle();
		news();
		expect(await at("2020-01-01T00:00:00.000Z")).toEqual([]);
		expect(await at(LAST)).toEqual([returned("a")]);
	});

	it("is parked when it is refused, blocks no other work, and is sent again by a retry", async () => {
		depot.round.strict = false;
		depot.send(kept("bad"), kept("good"));
		await depot.settle();
		depot.round.strict = true;
		news();
		expect(await at(LAST)).toEqual([returned("bad"), returned("good")]);
		expect(await depot.runner.parking.list()).toMatchObject([{ id: "bad", row: { parked: { code: "NO_SUCH_STREET", at: LAST } } }]);
		expect(await at(LAST)).toEqual([]);
		depot.round.strict = false;
		expect(await depot.runner.parking.retry("bad")).toBe(false);
		await depot.settle();
		expect(await depot.runner.unfinished(10)).toBe(0);
	});

	it("that is parked is resolved by a fact after which only a later command is needed", async () => {
		depot.send({ ...kept("bad"), insured: true });
		depot.round.strict = false;
		await depot.show("post");
		await turns(30);
		depot.round.strict = true;
		await depot.show("round"); // the insurance is refused, and parked
		await turns(30);
		expect(await depot.runner.parking.list()).toMatchObject([{ id: "bad", row: { parked: { command: "delivering/subject/bad/insure" } } }]);
		depot.round.strict = false;
		depot.round.execute("delivery.insure", { params: { id: "bad" }, commandId: "by hand" });
		await depot.settle();
		expect(await depot.runner.parking.list()).toEqual([]);
		news();
		expect(await at(LAST)).toEqual([returned("bad")]);
	});

	it("counts as unfinished from its instant until its answer", async () => {
		depot.send(kept("a"), kept("b"));
		await depot.settle();
		expect(await depot.runner.unfinished(10)).toBe(0);
		depot.now = LAST;
		expect(await depot.runner.unfinished(10)).toBe(2);
		expect(await depot.runner.unfinished(1)).toBe(1);
		await at(LAST);
		expect(await depot.runner.unfinished(10)).toBe(0);
	});

	it("of a burst leaves room for a command that follows from a new fact", async () => {
		depot.send(...Array.from({ length: 900 }, (_, n) => kept(`p${n}`)));
		for (let n = 0; n < 5; n++) await depot.settle();
		expect(news()).toHaveLength(900);
		depot.obliging = false;
		depot.now = LAST;
		const sent = depot.runner.deadlines.send();
		await turns(60);
		expect(news()).toHaveLength(200);
		depot.send({ id: "x", customer: "ann", day: 5 });
		await depot.show("post");
		expect(news()).toEqual([open("x")]);
		depot.obliging = true;
		for (const call of depot.calls.splice(0)) call.answer();
		for (let n = 0; n < 20; n++) await depot.settle();
		await sent;
		expect(news()).toHaveLength(700);
		expect(await dueRows()).toBe(0);
	});

	it("of a page whose service does not answer delays the next page only for a moment", async () => {
		depot.send(...Array.from({ length: 300 }, (_, n) => kept(`p${n}`)));
		for (let n = 0; n < 3; n++) await depot.settle();
		news();
		depot.obliging = false;
		depot.now = LAST;
		void depot.runner.deadlines.send();
		await turns(60);
		expect(news()).toHaveLength(200);
		await later(5000);
		expect(news()).toHaveLength(100);
	});

	it("is sent by a rebuilt process with the same id", async () => {
		depot.send(kept("a"));
		await depot.settle();
		news();
		expect(await at(LAST)).toEqual([returned("a")]);
		const other = await Depot.open({ logsOf: depot });
		other.now = LAST;
		await other.settle();
		await other.runner.deadlines.send();
		expect([open("a"), returned("a")]).toEqual(expect.arrayContaining(news()));
		expect(await other.runner.parking.work("a")).toEqual(await depot.runner.parking.work("a"));
		expect(depot.logs.round.shelf.commits).toHaveLength(2);
	});
});
