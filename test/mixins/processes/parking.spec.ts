/** Parking - a refused command waits for an operator, with its reason, and keeps its history when it is retried or dropped. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Depot, NOW } from "../../support/depot.ts";
import { type Moved, type Sent } from "../../support/parcels.ts";
import { turns } from "../../support/turns.ts";

const sent = (id: string, day: number, insured = false): Sent => ({ id, customer: "ann", day, insured });
const moved = (from: number | null, address: string | null): Moved => ({ customer: "ann", from, address });
const open = (id: string) => `delivering/subject/${id}/open`;

describe("a refused command", () => {
	let depot: Depot;
	beforeEach(async () => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
		depot = await Depot.open();
		depot.send(sent("bad", 5), sent("good", 5));
		await depot.settle();
	});
	afterEach(() => {
		jest.useRealTimers();
	});
	const later = async (milliseconds: number): Promise<void> => {
		await jest.advanceTimersByTimeAsync(milliseconds);
		await turns();
	};
	const asked = (id: string) => depot.round.asked.filter((command) => command.startsWith(`delivering/subject/${id}/`));
	const waiting = async () => (await depot.runner.parking.list()).map(({ id, row }) => [id, row.parked?.code]);
	const ended = async (id: string) => (await depot.runner.parking.work(id))?.ended ?? [];

	it("is parked under its id, with its params, its cause and the refusal", async () => {
		expect(await depot.runner.parking.list()).toEqual([
			{
				id: "bad",
				row: expect.objectContaining({
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
				}),
			},
		]);
		expect(await depot.runner.parking.list("bad")).toEqual([]);
	});

	it("blocks later commands of the same work, and no other work", async () => {
		depot.move(moved(4, "Elm 1"));
		await depot.settle();
		await later(60_000);
		await depot.settle();
		expect(asked("bad")).toEqual([open("bad")]);
		expect(depot.addresses).toEqual({ good: "Elm 1" });
		expect(await waiting()).toEqual([["bad", "NO_SUCH_STREET"]]);
	});

	it("is sent again by a retry, with the current params, and is then no longer parked", async () => {
		depot.move(moved(4, "Elm 1"));
		await depot.settle();
		depot.round.strict = false;
		expect(await depot.runner.parking.retry("bad")).toBe(false);
		await depot.settle();
		expect(depot.addresses).toEqual({ bad: "Elm 1", good: "Elm 1" });
		expect(asked("bad")).toEqual([open("bad"), open("bad")]);
		expect(await waiting()).toEqual([]);
		expect(await ended("bad")).toEqual([expect.objectContaining({ code: "NO_SUCH_STREET", ended: "retried", until: NOW })]);
	});

	it("is parked again when it is refused again, and both times stay in its history", async () => {
		expect(await depot.runner.parking.retry("bad")).toBe(true);
		expect(await waiting()).toEqual([["bad", "NO_SUCH_STREET"]]);
		expect(await depot.runner.parking.retry("bad")).toBe(true);
		expect(asked("bad")).toHaveLength(3);
		expect(await ended("bad")).toHaveLength(2);
	});

	it("cannot be retried if it is not parked", async () => {
		expect(await depot.runner.parking.retry("good")).toBeNull();
		expect(await depot.runner.parking.retry("nobody")).toBeNull();
		expect(asked("good")).toHaveLength(1);
	});

	it("is dropped by a fact, and stays dropped", async () => {
		await depot.drop("bad");
		await depot.settle();
		expect(await waiting()).toEqual([]);
		expect(await ended("bad")).toEqual([expect.objectContaining({ command: open("bad"), ended: "dropped", until: NOW })]);
		depot.round.strict = false;
		depot.move(moved(4, "Elm 1"));
		await depot.settle();
		await depot.runner.recover();
		await later(60_000);
		await depot.crash();
		await depot.runner.recover();
		await depot.settle();
		expect(asked("bad")).toEqual([open("bad")]);
		expect(depot.addresses).toEqual({ good: "Elm 1" });
		expect(await depot.inner.count({ state: "open" })).toBe(0);
	});

	it("that was dropped is also dropped in a rebuilt process", async () => {
		await depot.drop("bad");
		await depot.settle();
		depot.round.strict = false;
		const anew = await Depot.open({ logsOf: depot });
		await anew.settle();
		await anew.runner.recover();
		await anew.settle();
		expect(asked("bad").slice(1)).toEqual([]);
		expect(await anew.runner.parking.list()).toEqual([]);
	});

	it("that was dropped for another process stays parked here", async () => {
		await depot.drop("bad", "a mistake", "collecting");
		await depot.settle();
		expect(await waiting()).toEqual([["bad", "NO_SUCH_STREET"]]);
	});

	it("is resolved when another caller has done it, and its history shows that", async () => {
		depot.round.strict = false;
		depot.round.execute("delivery.open", { params: { id: "bad", address: null }, commandId: "by hand" });
		await depot.settle();
		expect(await waiting()).toEqual([]);
		expect(await ended("bad")).toEqual([expect.objectContaining({ code: "NO_SUCH_STREET", ended: "resolved" })]);
	});

	it("survives a crash with its history", async () => {
		await depot.runner.parking.retry("bad");
		await depot.runner.parking.list(); // written
		const before = await depot.runner.parking.work("bad");
		await depot.crash();
		expect(await depot.runner.parking.work("bad")).toEqual(before);
		expect(before).toMatchObject({ parked: { attempts: 1 }, ended: [{ ended: "retried" }] });
	});
});

describe("of two commands of one piece of work", () => {
	it("the second is sent after the first is dropped", async () => {
		const depot = await Depot.open();
		depot.round.strict = false;
		depot.send(sent("bad", 5, true));
		await depot.show("post");
		await turns(30);
		depot.round.strict = true;
		await depot.show("round"); // after its opening it needs the insurance, which is refused
		await turns(30);
		expect((await depot.runner.parking.list()).map(({ row }) => row.parked?.action)).toEqual(["delivery.insure"]);
		depot.move(moved(4, "Elm 1"));
		await depot.settle();
		depot.round.strict = false;
		await depot.settle();
		expect(depot.addresses).toEqual({ bad: null });
		await depot.drop("bad");
		await depot.settle();
		expect(depot.addresses).toEqual({ bad: "Elm 1" });
		expect(depot.round.asked).toEqual(["delivering/subject/bad/open", "delivering/subject/bad/insure", "delivering/subject/bad/1"]);
	});
});
