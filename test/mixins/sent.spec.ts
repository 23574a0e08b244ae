/** How long a command may be decided where it has come to: for half of the time its caller waits, counted from when it was sent. */
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { overAfter, patienceOf, SentMiddleware } from "../../mixins/sent.ts";

const NOW = Date.parse("2026-03-02T00:00:00.000Z");
afterEach(() => void jest.restoreAllMocks());

describe("a command", () => {
	const patience = (timeout: number | null, ago?: number): number | null => {
		jest.spyOn(Date, "now").mockReturnValue(NOW);
		return patienceOf({ options: { timeout }, headers: ago === undefined ? {} : { sent: NOW - ago } });
	};
	it("of another node may be decided for half of its caller's time", () => expect(patience(10_000, 0)).toBe(5000));
	it("has less where it was on its way for long", () => expect(patience(10_000, 4999)).toBe(1));
	it("has nothing where it came too late", () => expect(patience(10_000, 5001)).toBe(-1));
	it("has no more because the sender's clock is ahead", () => expect(patience(10_000, -60_000)).toBe(5000));
	it("of this node has all of it: nobody asks another meanwhile", () => expect(patience(10_000)).toBe(10_000));
	it("without a timeout may be decided for ever", () => expect([patience(0, 99_999), patience(null, 99_999)]).toEqual([null, null]));
	it("is over a second later than it may be decided: by that much clocks may differ", () =>
		expect(overAfter(10_000) - (patience(10_000, 0) ?? 0)).toBe(1000));
});

describe("when a call was sent", () => {
	const brokers: ServiceBroker[] = [];
	afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())));

	it("is told to the node it goes to, and to nobody whom that one calls, nor back", async () => {
		const heard = new Map<string, unknown>();
		const hear = (ctx: Context) => void heard.set(ctx.action?.name ?? "", ctx.headers["sent"]);
		const node = (nodeID: string) => {
			const broker = new ServiceBroker({ namespace: "sent", nodeID, logger: false, transporter: "Fake", middlewares: [SentMiddleware()] });
			brokers.push(broker);
			return broker;
		};
		const [caller, other] = [node("caller"), node("other")];
		other.createService({
			name: "bank",
			actions: {
				async move(ctx: Context) {
					hear(ctx);
					await ctx.call("bank.open");
					return ctx.meta;
				},
				open: hear,
			},
		});
		await Promise.all([caller.start(), other.start()]);
		await caller.waitForServices("bank");
		const before = Date.now();
		const calling = caller.call("bank.move");
		expect(await calling).toEqual({});
		expect((calling as unknown as { ctx: Context }).ctx.meta).toEqual({}); // moleculer's promises carry their context
		expect(heard.get("bank.move")).toBeGreaterThanOrEqual(before);
		expect(heard.get("bank.open")).toBeUndefined();
	});
});
