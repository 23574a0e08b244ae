/** Outbox - followers that wait for room in a full outbox continue as soon as there is room. */
import { describe, expect, it } from "@jest/globals";
import type { Outcome } from "../../../mixins/actors/outcome.ts";
import { Outbox } from "../../../mixins/processes/outbox.ts";
import type { Timers } from "../../../mixins/common/timers.ts";
import { turns } from "../../support/turns.ts";

const FULL = 5000;

describe("a full outbox", () => {
	it.each<[string, boolean]>([
		["need no command any more", true],
		["no longer exist", false],
	])("has room again when the rows it would retry %s", async (_what, frees) => {
		const due: (() => void)[] = [];
		const timers: Timers = {
			soon: (run) => void setImmediate(run),
			later: (_milliseconds, run) => (due.push(run), () => undefined),
			wait: () => Promise.resolve(),
			delay: () => Promise.resolve(),
		};
		let asked = 0;
		const send = async (_action: string, items: readonly unknown[]): Promise<Outcome[]> => {
			asked += items.length;
			return items.map(() => ({ failure: "the service is unavailable", unavailable: true }));
		};
		const again = async (id: string): Promise<void> => (frees ? outbox.free(id) : undefined);
		const outbox = new Outbox("delivering", send, { again, park: async () => undefined }, timers);
		for (let n = 0; n < FULL; n++)
			outbox.add(`subject/${n}`, [{ action: "delivery.open", params: { id: `${n}` }, cause: "open" }], "post:0:1");
		let isRoomy = false;
		void outbox.room().then(() => (isRoomy = true));
		await turns();
		expect([asked, due.length, isRoomy]).toEqual([FULL, FULL, false]);
		for (const run of due.splice(0)) run(); // no row needs a command
		await turns();
		expect([asked, outbox.size, isRoomy]).toEqual([FULL, 0, true]);
	});
});
