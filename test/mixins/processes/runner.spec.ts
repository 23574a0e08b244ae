/** Runner - a process sends the commands that follow from the facts once, in any order of arrival (DESIGN §5). */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Depot, WRITTEN } from "../../support/depot.ts";
import { type Moved, type Sent } from "../../support/parcels.ts";
import { turns } from "../../support/turns.ts";

const sent = (id: string, day: number, customer = "ann"): Sent => ({ id, customer, day });
const moved = (from: number | null, address: string | null, customer = "ann"): Moved => ({ customer, from, address });
const open = (id: string) => `delivering/subject/${id}/open`;
const again = (id: string, version: number) => `delivering/subject/${id}/${version}`;
const done = (address: string | null) => ({ address, state: null });

describe("a process", () => {
	beforeEach(() => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
	});
	afterEach(() => {
		jest.useRealTimers();
	});
	/** Commands sent since the last call. */
	const news = (depot: Depot): string[] => depot.round.asked.splice(0).toSorted();

	it("sends the command that follows from a fact once, and is done when its fact arrives", async () => {
		const depot = await Depot.open();
		depot.move(moved(null, "Elm 1"));
		depot.send(sent("a", 5));
		await depot.show("people");
		await depot.settle();
		await depot.runner.recover();
		await depot.runner.stop();
		expect(news(depot)).toEqual([open("a")]);
		expect(depot.addresses).toEqual({ a: "Elm 1" });
		expect(await depot.subjects()).toEqual({ a: done("Elm 1") });
		expect(await depot.references()).toEqual({ ann: { reference: { addresses: [{ from: null, value: "Elm 1" }] }, pending: [] } });
	});

	it("sends no command that is already done, also if that fact arrives first", async () => {
		const first = await Depot.open();
		first.send(sent("a", 5));
		await first.settle();
		const later = await Depot.open();
		later.logs.round.shelf.put(first.logs.round.shelf.commits);
		later.send(sent("a", 5));
		await later.show("round");
		await later.show("post");
		await later.runner.recover();
		await later.runner.stop();
		expect(news(later)).toEqual([]);
		expect(await later.subjects()).toEqual({ a: done(null) });
	});

	it("uses the reference that was valid at the instant", async () => {
		const depot = await Depot.open();
		depot.move(moved(null, "Elm 1"), moved(5, "Oak 2"), moved(9, null), moved(null, "Fir 3", "bob"));
		depot.send(sent("a", 4), sent("b", 5), sent("c", 8), sent("d", 9), sent("e", 4, "bob"), sent("f", 4, "eve"));
		await depot.settle();
		expect(depot.addresses).toEqual({ a: "Elm 1", b: "Oak 2", c: "Oak 2", d: null, e: "Fir 3", f: null });
	});

	it("wakes exactly the subjects in the time span that a late reference changes", async () => {
		const depot = await Depot.open();
		depot.send(sent("a", 1), sent("b", 5), sent("c", 9), sent("z", 5, "bob"));
		await depot.settle();
		expect(news(depot)).toEqual(["a", "b", "c", "z"].map(open));
		depot.move(moved(8, "Oak 2"));
		await depot.settle();
		expect(news(depot)).toEqual([again("c", 1)]);
		depot.move(moved(4, "Elm 1"));
		await depot.settle();
		expect(news(depot)).toEqual([again("b", 1)]);
		depot.move(moved(null, "Elm 1"));
		await depot.settle();
		expect(news(depot)).toEqual([again("a", 1)]);
		depot.move(moved(4, "Elm 1")); // no change
		await depot.settle();
		expect(news(depot)).toEqual([]);
		expect(depot.addresses).toEqual({ a: "Elm 1", b: "Elm 1", c: "Oak 2", z: null });
	});

	it("wakes hundreds of subjects of one reference, each once", async () => {
		const depot = await Depot.open();
		const ids = Array.from({ length: 1203 }, (_, i) => `p${i}`);
		depot.send(...ids.map((id, i) => sent(id, (i % 7) + 1)));
		await depot.settle();
		expect(news(depot)).toHaveLength(1203);
		depot.move(moved(2, "Elm 1"));
		for (let look = 0; look < 10; look++) await depot.settle();
		expect(news(depot)).toEqual(
			ids
				.filter((_, i) => i % 7 > 0)
				.map((id) => again(id, 1))
				.toSorted(),
		);
		expect(new Set(Object.values(depot.addresses))).toEqual(new Set([null, "Elm 1"]));
	});

	it("wakes subjects for a correction that arrives while commands for the first value are pending", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5), sent("b", 6));
		await depot.showAll();
		for (const call of depot.calls.splice(0)) call.answer();
		await depot.showAll();
		depot.move(moved(3, "Elm 1"));
		await depot.show("people");
		depot.move(moved(3, "Oak 2"));
		const [moving] = depot.calls;
		moving?.execute();
		await depot.show("round"); // both are at Elm 1, like the reference
		await depot.show("people");
		depot.obliging = true;
		for (const call of depot.calls.splice(0)) call.answer();
		await depot.settle();
		await depot.runner.recover();
		await depot.settle();
		expect(depot.addresses).toEqual({ a: "Oak 2", b: "Oak 2" });
	});

	it("wakes a subject whose previous command is not answered yet", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5));
		await depot.showAll();
		depot.calls[0]?.execute();
		await depot.show("round"); // the fact arrives before the answer
		depot.move(moved(3, "Elm 1"));
		await depot.show("people");
		depot.obliging = true;
		for (const call of depot.calls.splice(0)) call.answer();
		await depot.settle();
		await depot.runner.recover();
		await depot.settle();
		expect(depot.addresses).toEqual({ a: "Elm 1" });
	});

	it("sends the next command as soon as the previous one is answered, before or after its fact", async () => {
		for (const factFirst of [true, false]) {
			const depot = await Depot.open({ obliging: false });
			depot.send({ ...sent("a", 5), insured: true });
			await depot.showAll();
			depot.calls[0]?.execute();
			if (factFirst) await depot.show("round");
			for (const call of depot.calls.splice(0)) call.answer();
			depot.obliging = true;
			await depot.settle(); // without a recovery
			expect(depot.round.asked).toEqual([open("a"), "delivering/subject/a/insure"]);
			await depot.runner.stop();
			expect(await depot.subjects()).toEqual({ a: { ...done(null), insured: true } });
		}
	});

	it("handles a subject and its reference in one batch, in any order", async () => {
		for (const said of [
			[sent("a", 5), moved(3, "Elm 1")],
			[moved(3, "Elm 1"), sent("a", 5)],
		]) {
			const depot = await Depot.open();
			depot.sayInOne(...said);
			await depot.settle();
			await depot.runner.stop();
			expect(depot.round.asked).toEqual([open("a")]);
			expect(await depot.subjects()).toEqual({ a: done("Elm 1") });
		}
	});

	it("writes its rows when it stops, and resumes there", async () => {
		const depot = await Depot.open();
		depot.send(sent("a", 5), sent("b", 5));
		await depot.settle();
		await depot.runner.stop();
		expect(await depot.inner.checkpoints()).toMatchObject({ "post:0": { position: 2 }, "round:0": { position: 2 } });
		news(depot);
		await depot.crash();
		await depot.settle();
		await depot.runner.recover();
		await turns();
		expect(news(depot)).toEqual([]);
	});

	it("has the same result when two nodes run it on one table", async () => {
		const depot = await Depot.open();
		const other = await Depot.open({ beside: depot });
		for (const [i, day] of [3, 5, 7, 9].entries()) {
			depot.send(sent(`p${i}`, day));
			depot.move(moved(day - 1, `Elm ${i}`));
			await Promise.all([depot.settle(), other.settle()]);
			await jest.advanceTimersByTimeAsync(WRITTEN); // waiting rows are written
			await Promise.all([depot.settle(), other.settle()]);
		}
		expect(depot.addresses).toEqual({ p0: "Elm 0", p1: "Elm 1", p2: "Elm 2", p3: "Elm 3" });
		expect(await depot.subjects()).toEqual({ p0: done("Elm 0"), p1: done("Elm 1"), p2: done("Elm 2"), p3: done("Elm 3") });
	});
});
