/** RunnerFaults - after refusals, failures, lost answers and crashes each command is done exactly once, or is parked. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Depot, NOW, WRITTEN } from "../../support/depot.ts";
import { type Moved, type Sent } from "../../support/parcels.ts";
import { turns } from "../../support/turns.ts";

const sent = (id: string, day: number, customer = "ann"): Sent => ({ id, customer, day });
const moved = (from: number | null, address: string | null, customer = "ann"): Moved => ({ customer, from, address });
const open = (id: string) => `delivering/subject/${id}/open`;
const done = (address: string | null) => ({ address, state: null });
const count = (depot: Depot, state: string) => depot.inner.count({ state });

describe("a process whose command", () => {
	const unhandled: unknown[] = [];
	const note = (reason: unknown): void => void unhandled.push(reason);
	beforeEach(() => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
		unhandled.length = 0;
		process.on("unhandledRejection", note);
	});
	afterEach(async () => {
		jest.useRealTimers();
		await turns();
		process.off("unhandledRejection", note);
		expect(unhandled).toEqual([]);
	});
	const later = async (milliseconds: number): Promise<void> => {
		await jest.advanceTimersByTimeAsync(milliseconds);
		await turns();
	};
	/** Fails every pending call; returns the milliseconds until the next call, or null if there is none within a minute. */
	const pauseAfterFailure = async (depot: Depot): Promise<number | null> => {
		for (const call of depot.calls.splice(0)) call.fail();
		await turns();
		for (let passed = 0; passed <= 60_000; passed += 50) {
			if (depot.calls.length > 0) return passed;
			await later(50);
		}
		return null;
	};

	it("is refused parks that piece of work with the reason, and continues with the others", async () => {
		const depot = await Depot.open();
		depot.send(sent("bad", 5), sent("good", 5));
		await depot.settle();
		await depot.runner.recover();
		await later(120_000);
		await depot.settle();
		expect(depot.round.asked).toEqual([open("bad"), open("good")]);
		expect(await depot.subjects()).toEqual({
			bad: {
				address: undefined,
				state: "parked",
				parked: {
					command: open("bad"),
					action: "delivery.open",
					params: { id: "bad", address: null },
					cause: "post:0:1",
					code: "NO_SUCH_STREET",
					detail: "There is no such street",
					attempts: 1,
					at: NOW,
				},
			},
			good: done(null),
		});
		expect([await count(depot, "parked"), await count(depot, "open")]).toEqual([1, 0]);
		await depot.crash();
		await depot.runner.recover();
		await turns();
		expect(depot.round.asked).toHaveLength(2); // a restart does not retry parked work
	});

	it("fails sends it again under the same id after growing pauses, and parks it after ten attempts", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5));
		await depot.showAll();
		const pauses: number[] = [];
		for (let pause = await pauseAfterFailure(depot); pause !== null; pause = await pauseAfterFailure(depot)) pauses.push(pause);
		expect(pauses).toHaveLength(9);
		expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
		expect((pauses[0] ?? 0) < (pauses[4] ?? 0) && (pauses[4] ?? 0) < (pauses[8] ?? 0)).toBe(true);
		expect(depot.round.asked).toEqual(Array.from({ length: 10 }, () => open("a")));
		expect(await depot.subjects()).toEqual({
			a: {
				address: undefined,
				state: "parked",
				parked: expect.objectContaining({ code: "FAILED", detail: "the line is dead", attempts: 10 }),
			},
		});
	});

	it("failed completes it when the service works again", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5));
		await depot.showAll();
		for (let failures = 0; failures < 3; failures++) await pauseAfterFailure(depot);
		depot.obliging = true;
		for (const call of depot.calls.splice(0)) call.answer();
		await depot.settle();
		await later(120_000);
		expect(new Set(depot.round.asked)).toEqual(new Set([open("a")]));
		expect(await depot.subjects()).toEqual({ a: done(null) });
		expect(depot.runner.outbox.size).toBe(0);
	});

	it("was done but reported as failed does not send it again, and does not block the review of references", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5));
		await depot.showAll();
		const [call] = depot.calls.splice(0);
		call?.execute();
		call?.fail();
		await depot.show("round"); // the fact shows that it was done
		depot.obliging = true;
		await later(120_000);
		expect(depot.round.asked).toEqual([open("a")]);
		depot.move(moved(9, "Oak 2"), moved(4, null)); // wakes it, but it needs no command
		await depot.settle();
		await later(2 * WRITTEN);
		depot.move(moved(3, "Elm 1"), moved(4, "Elm 1"));
		await depot.settle();
		await later(2 * WRITTEN);
		await depot.settle();
		expect(depot.addresses).toEqual({ a: "Elm 1" });
		expect(await depot.references()).toMatchObject({ ann: { pending: [] } });
	});

	it("is pending at a crash sends it again under the same id, and it is done once", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5), sent("b", 5));
		await depot.showAll();
		await later(WRITTEN); // written
		depot.calls[0]?.execute();
		await depot.crash();
		depot.obliging = true;
		await depot.runner.recover();
		await depot.settle();
		await later(WRITTEN);
		expect(depot.round.asked.toSorted()).toEqual([open("a"), open("a"), open("b"), open("b")]);
		expect(depot.logs.round.shelf.commits).toHaveLength(2);
		expect(await depot.subjects()).toEqual({ a: done(null), b: done(null) });
	});

	it("was sent before its row was written sends the same command after a crash", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5));
		await depot.show("post");
		expect(await depot.inner.checkpoints()).toEqual({});
		depot.calls[0]?.execute();
		await depot.crash();
		depot.obliging = true;
		await depot.settle();
		await later(WRITTEN);
		expect(depot.round.asked).toEqual([open("a"), open("a")]);
		expect(depot.logs.round.shelf.commits).toHaveLength(1);
		expect(await depot.subjects()).toEqual({ a: done(null) });
		expect(await depot.inner.checkpoints()).toMatchObject({ "post:0": { position: 1 }, "round:0": { position: 1 } });
	});

	it("follows from a reference sends it after a crash in the middle of the review", async () => {
		const depot = await Depot.open();
		depot.send(sent("a", 5), sent("b", 6));
		await depot.settle();
		depot.obliging = false;
		depot.move(moved(3, "Elm 1"));
		await depot.show("people");
		await later(WRITTEN); // the pending span is written
		expect(await count(depot, "open")).toBe(1);
		await depot.crash();
		depot.obliging = true;
		void depot.runner.recover();
		await depot.settle();
		await later(WRITTEN);
		expect(depot.addresses).toEqual({ a: "Elm 1", b: "Elm 1" });
		expect(await count(depot, "open")).toBe(0);
	});

	describe("meets a store of rows that", () => {
		it.each(["rejected", "lost"] as const)("%s a save loses nothing and sends no other command", async (mishap) => {
			const depot = await Depot.open();
			depot.table.script.push(mishap);
			depot.send(sent("a", 5));
			await depot.settle();
			await later(WRITTEN);
			depot.send(sent("b", 5));
			depot.move(moved(3, "Elm 1"));
			await depot.settle();
			await later(2 * WRITTEN);
			await depot.settle();
			await later(2 * WRITTEN);
			expect(depot.addresses).toEqual({ a: "Elm 1", b: "Elm 1" });
			expect(await depot.subjects()).toEqual({ a: done("Elm 1"), b: done("Elm 1") });
		});

		it("fails to write the rows that a reference concerns still wakes them", async () => {
			const depot = await Depot.open();
			depot.send(sent("a", 5));
			await depot.settle();
			const release = depot.table.hold();
			depot.table.script.push("rejected");
			await later(WRITTEN); // the write has started
			depot.move(moved(3, "Elm 1"));
			await depot.show("people");
			release();
			await turns();
			await later(2 * WRITTEN);
			void depot.runner.recover();
			await depot.settle();
			expect(depot.addresses).toEqual({ a: "Elm 1" });
		});

		it("cannot be read when a failed command is due for a retry retries it later", async () => {
			const depot = await Depot.open({ obliging: false });
			depot.send(sent("a", 5));
			await depot.showAll();
			await later(WRITTEN);
			await depot.crash();
			depot.calls.length = 0;
			void depot.runner.recover();
			await turns();
			for (const call of depot.calls.splice(0)) call.fail();
			await turns();
			depot.table.unreadable = 1;
			await later(2 * WRITTEN);
			depot.obliging = true;
			for (const call of depot.calls.splice(0)) call.answer();
			void depot.runner.recover();
			await depot.settle();
			expect(depot.addresses).toEqual({ a: null });
		});

		it("cannot be read when a refused command is to be parked parks it later", async () => {
			const depot = await Depot.open({ obliging: false });
			depot.send(sent("bad", 5));
			await depot.showAll();
			await later(WRITTEN);
			await depot.crash();
			void depot.runner.recover();
			await turns();
			depot.table.unreadable = 1;
			for (const call of depot.calls.splice(0)) call.answer();
			depot.obliging = true;
			await later(2 * WRITTEN);
			void depot.runner.recover();
			await depot.settle();
			await later(2 * WRITTEN);
			expect(await count(depot, "parked")).toBe(1);
		});
	});
});
