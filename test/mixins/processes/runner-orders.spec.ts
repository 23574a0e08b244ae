/**
 * RunnerOrders - LAW 7 and 8 for processes: in any order of reads, answers, failures and crashes, the rows and the effect are the same,
 * and each command is done once.
 */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../../../store/codec.ts";
import { Depot, type Log, WRITTEN } from "../../support/depot.ts";
import { addressesBy, type Moved, type Sent } from "../../support/parcels.ts";
import type { SaveMishap } from "../../support/memory-rows.ts";
import { turns } from "../../support/turns.ts";

type Act =
	| { readonly show: Log; readonly count: number }
	/** Milliseconds. */
	| { readonly pass: number }
	/** Index of a pending call; 0 is the oldest. */
	| { readonly call: number; readonly how: "execute" | "answer" | "fail" | "fail though done" }
	| { readonly save: SaveMishap }
	| { readonly what: "recover" | "crash" };

const act: fc.Arbitrary<Act> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({ show: fc.constantFrom<Log>("post", "people", "round", "round"), count: fc.integer({ min: 1, max: 3 }) }),
	},
	{ weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(20, WRITTEN, 2000) }) },
	{
		weight: 5,
		arbitrary: fc.record({ call: fc.nat(3), how: fc.constantFrom("execute", "execute", "answer", "answer", "fail", "fail though done") }),
	},
	{ weight: 1, arbitrary: fc.record({ save: fc.constantFrom<SaveMishap>("rejected", "lost") }) },
	{ weight: 1, arbitrary: fc.record({ what: fc.constantFrom("recover", "crash") }) },
);
const customer = fc.constantFrom("ann", "ann", "bob");
const world = fc.record({
	parcels: fc.uniqueArray(
		fc.record({ id: fc.constantFrom("a", "b", "c", "d", "e"), customer, day: fc.integer({ min: 1, max: 5 }), insured: fc.boolean() }),
		{ selector: ({ id }) => id, minLength: 1, maxLength: 5, size: "max" },
	),
	moves: fc.array(
		fc.record({ customer, from: fc.constantFrom(null, 1, 2, 3, 3, 4), address: fc.constantFrom("Elm 1", "Oak 2", "Fir 3", null) }),
		{ maxLength: 6, size: "max" },
	),
	oneLog: fc.boolean(),
});

async function perform(depot: Depot, act: Act, failures: { left: number }): Promise<void> {
	if ("show" in act) return depot.show(act.show, act.count);
	if ("pass" in act) await jest.advanceTimersByTimeAsync(act.pass);
	else if ("save" in act) depot.table.script.push(act.save);
	else if ("what" in act) {
		if (act.what === "crash") return depot.crash();
		void depot.runner.recover().catch(() => undefined);
	} else {
		const call = depot.calls[act.call];
		if (!call) return;
		if (act.how !== "execute") depot.calls.splice(act.call, 1);
		if (act.how !== "fail") call.execute();
		if (act.how === "answer" || failures.left-- <= 0) call.answer();
		else if (act.how !== "execute") call.fail();
	}
	await turns(3);
}

/** Lets time pass without faults until nothing changes any more. */
async function comeToRest(depot: Depot): Promise<void> {
	depot.obliging = true;
	for (let round = 0, quiet = 0; quiet < 2; round++) {
		if (round > 60) return; // the assertions of the caller show the missing work
		depot.table.script.length = 0;
		for (const call of depot.calls.splice(0)) call.answer();
		await depot.settle();
		await jest.advanceTimersByTimeAsync(6000);
		void depot.runner.recover().catch(() => undefined);
		await depot.settle();
		quiet = depot.resting && (await depot.inner.count({ state: "open" })) === 0 ? quiet + 1 : 0;
	}
}

async function outcome(depot: Depot) {
	return { addresses: depot.addresses, subjects: await depot.subjects(), references: await depot.references() };
}
async function inOrder(parcels: readonly Sent[], moves: readonly Moved[]) {
	const depot = await Depot.open();
	depot.move(...moves);
	depot.send(...parcels);
	await depot.show("people");
	await comeToRest(depot);
	depot.leave();
	return outcome(depot);
}

describe("a process", () => {
	beforeEach(() => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
	});
	afterEach(() => {
		jest.useRealTimers();
	});

	it("ends with the same rows and the same effect in any order of reads, answers, failures and restarts", async () => {
		await fc.assert(
			fc.asyncProperty(world, fc.array(act, { maxLength: 40, size: "max" }), async ({ parcels, moves, oneLog }, acts) => {
				const expected = await inOrder(parcels, moves);
				expect(expected.addresses).toEqual(addressesBy(parcels, moves));
				const depot = await Depot.open({ obliging: false });
				if (oneLog) depot.sayInOne(...parcels.slice(0, 2), ...moves, ...parcels.slice(2));
				else {
					depot.send(...parcels);
					depot.move(...moves);
				}
				const failures = { left: 8 }; // ten failures of one command would park it
				for (const one of acts) await perform(depot, one, failures);
				await comeToRest(depot);
				expect(await outcome(depot)).toEqual(expected);
				const { commits } = depot.logs.round.shelf;
				expect(commits.filter((commit) => decode(commit).command.id.endsWith("/open"))).toHaveLength(parcels.length);
				expect(depot.stopped).toEqual([]);
				depot.leave();
				jest.clearAllTimers();
			}),
			{ numRuns: 400 },
		);
	});
});
