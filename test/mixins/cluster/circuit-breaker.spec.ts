/** CircuitBreaker - a circuit opens only on failures, closes on any answer, and is removed with its node. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { type ActionSchema, type Context, Errors, ServiceBroker } from "moleculer";
import { CircuitBreakerMiddleware, isFailure } from "../../../mixins/cluster/circuit-breaker.ts";
import { failureError } from "../../../mixins/common/errors.ts";
import { CallerGone } from "../../../mixins/common/caller-gone.ts";
import { StoreUnavailable, StreamUnreadable } from "../../../store/log.ts";

const LIMITS = { threshold: 0.5, windowTime: 10_000, minRequestCount: 20, halfOpenTime: 2000 };
const about = { action: "bank.open", nodeID: "b" };
const refusal = () => new Errors.MoleculerClientError("no", 409, "RADAR_RETIRED");
const failure = () => failureError(new StoreUnavailable("no answer"));
const brokers: ServiceBroker[] = [];
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())));

/** One action of another node, with a manual clock. */
class Line {
	now = 0;
	readonly endpoint = { id: "b", state: true };
	readonly told: string[] = [];
	readonly broker = new ServiceBroker({ nodeID: "a", logger: false, metrics: true });
	readonly #handler: (ctx: Context) => Promise<unknown>;
	/** The actor of every call. */
	id = "";
	#timers: { readonly at: number; readonly run: () => void }[] = [];

	constructor(more: Partial<ActionSchema> = {}) {
		const later = (milliseconds: number, run: () => void) => {
			const timer = { at: this.now + milliseconds, run };
			this.#timers.push(timer);
			return () => void (this.#timers = this.#timers.filter((one) => one !== timer));
		};
		const breaker = CircuitBreakerMiddleware(LIMITS, { clock: () => this.now, later })(this.broker);
		breaker.created?.(this.broker);
		const next = ({ params }: Context<{ readonly fate: Promise<unknown> }>) => params.fate;
		const action = { name: "bank.open", service: { fullName: "bank" }, ...more } as unknown as ActionSchema; // a remote action has only these fields
		this.#handler = breaker.remoteAction?.call(this.broker, next, action) as (ctx: Context) => Promise<unknown>;
		for (const what of ["opened", "half-opened", "closed"]) this.broker.localBus.on(`$circuit-breaker.${what}`, () => this.told.push(what));
	}
	/** Sends a call that settles like the promise. */
	async call(fate: Promise<unknown>): Promise<void> {
		const ctx = { endpoint: this.endpoint, params: { fate, id: this.id } } as unknown as Context; // only the fields in use
		await this.#handler(ctx).catch(() => undefined);
	}
	async answers(count = 1): Promise<void> {
		for (let i = 0; i < count; i++) await this.call(Promise.resolve("done"));
	}
	async fails(count = 1, error: () => unknown = failure): Promise<void> {
		for (let i = 0; i < count; i++) await this.call(Promise.reject(error()));
	}
	pass(milliseconds: number): void {
		this.now += milliseconds;
		for (const timer of this.#timers.filter(({ at }) => at <= this.now)) {
			this.#timers = this.#timers.filter((one) => one !== timer);
			timer.run();
		}
	}
	forget(node: string): void {
		this.broker.localBus.emit("$node.disconnected", { node: { id: node }, unexpected: true });
	}
	get open(): boolean {
		return !this.endpoint.state;
	}
	/** Metrics: circuits open now, half open now, and opened in total. */
	get shown(): readonly unknown[] {
		const labels = { affectedNodeID: "b", service: "bank", action: "bank.open" };
		return ["opened.active", "half-opened.active", "opened.total"].map(
			(name) => this.broker.metrics.getMetric(`moleculer.circuit-breaker.${name}`)?.get(labels)?.value ?? 0,
		);
	}
}
const opened = async (): Promise<Line> => {
	const line = new Line();
	await line.fails(20);
	return line;
};
const halfOpen = async (): Promise<Line> => {
	const line = await opened();
	line.pass(2000);
	return line;
};

describe("a circuit", () => {
	it("opens at twenty calls if half of them have failed, and not earlier", async () => {
		const line = new Line();
		await line.answers(10);
		await line.fails(9);
		expect(line.open).toBe(false);
		await line.fails();
		expect([line.open, line.told, line.shown]).toEqual([true, ["opened"], [1, 0, 1]]);
	});

	it("does not open while only one of several partitions fails, and opens when a second one fails", async () => {
		const line = new Line({ strategyOptions: { log: "bank", partitions: 4, service: "account" } });
		for (let i = 0; i < 5; i++) await line.fails(20);
		expect([line.open, line.told]).toEqual([false, []]);
		for (let n = 0; n < 4; n++) {
			line.id = `other-${n}`;
			await line.fails();
		}
		expect([line.open, line.told]).toEqual([true, ["opened"]]);
	});

	it("opens if the only partition fails", async () => {
		const line = new Line({ strategyOptions: { log: "bank", partitions: 1, service: "account" } });
		await line.fails(20);
		expect(line.open).toBe(true);
	});

	it("does not open while less than half have failed", async () => {
		const line = new Line();
		for (let i = 0; i < 100; i++) {
			await line.answers(2);
			await line.fails();
		}
		expect([line.open, line.told]).toEqual([false, []]);
	});

	it("never opens on refusals", async () => {
		const line = new Line();
		await line.fails(1000, refusal);
		expect([line.open, line.told, line.shown]).toEqual([false, [], [0, 0, 0]]);
	});

	it("counts refusals as answers: twenty failures among a thousand do not open it", async () => {
		const line = new Line();
		await line.fails(1000, refusal);
		await line.fails(20);
		expect(line.open).toBe(false);
	});

	it("does not open on a refusal after failures, only on a failure", async () => {
		const line = new Line();
		await line.fails(19);
		await line.fails(1, refusal);
		expect(line.open).toBe(false);
		await line.fails(1);
		expect(line.open).toBe(true);
	});

	it("ignores calls from more than ten seconds ago", async () => {
		const line = new Line();
		await line.fails(19);
		line.pass(10_000);
		await line.fails(19);
		expect(line.open).toBe(false);
		line.pass(9_999);
		await line.fails();
		expect(line.open).toBe(true);
	});
});

describe("an open circuit", () => {
	it("is half open two seconds later, for a single call", async () => {
		const line = await opened();
		line.pass(1999);
		expect(line.open).toBe(true);
		line.pass(1);
		expect([line.open, line.shown]).toEqual([false, [0, 1, 1]]);
		const trial = line.call(new Promise(() => undefined));
		expect(line.open).toBe(true);
		line.pass(1999);
		expect(line.open).toBe(true);
		line.pass(1);
		expect(line.open).toBe(false); // without an answer, the next call is a trial
		void trial;
	});

	it.each([
		["an answer", (line: Line) => line.answers()],
		["a refusal", (line: Line) => line.fails(1, refusal)],
		["a full queue", (line: Line) => line.fails(1, () => new Errors.QueueIsFullError(about))],
	])("closes on %s, and counts from zero", async (_what, answer) => {
		const line = await halfOpen();
		await answer(line);
		expect([line.open, line.told, line.shown]).toEqual([false, ["opened", "half-opened", "closed"], [0, 0, 1]]);
		await line.fails(19);
		expect(line.open).toBe(false);
		await line.fails();
		expect(line.open).toBe(true);
	});

	it("opens again for two seconds on a single failure", async () => {
		const line = await halfOpen();
		line.pass(60_000);
		await line.fails();
		expect([line.open, line.told, line.shown]).toEqual([true, ["opened", "half-opened", "opened"], [1, 0, 2]]);
		line.pass(1999);
		expect(line.open).toBe(true);
		line.pass(1);
		expect(line.open).toBe(false);
	});

	it("ignores the outcome of calls that were sent before it opened", async () => {
		const line = new Line();
		const [good, bad] = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
		const early = [line.call(good.promise), line.call(bad.promise)];
		await line.fails(20);
		line.pass(2000);
		const trial = Promise.withResolvers<unknown>();
		const trying = line.call(trial.promise);
		good.resolve("done");
		bad.reject(failure());
		await Promise.all(early);
		expect([line.open, line.told]).toEqual([true, ["opened", "half-opened"]]);
		trial.resolve("done");
		await trying;
		expect([line.open, line.told]).toEqual([false, ["opened", "half-opened", "closed"]]);
	});

	it("is removed with its node, also from the metrics", async () => {
		const line = await opened();
		line.forget("another");
		expect(line.shown).toEqual([1, 0, 1]);
		line.forget("b");
		expect(line.shown).toEqual([0, 0, 1]);
		line.pass(60_000);
		expect([line.told, line.shown]).toEqual([["opened"], [0, 0, 1]]);
	});

	it("ignores a trial whose node is gone, and counts from zero when the node is back", async () => {
		const line = await halfOpen();
		const trial = Promise.withResolvers<unknown>();
		const trying = line.call(trial.promise);
		line.forget("b");
		trial.reject(failure());
		await trying;
		expect([line.told, line.shown]).toEqual([
			["opened", "half-opened"],
			[0, 0, 1],
		]);
		await line.fails(20);
		expect([line.open, line.shown]).toEqual([true, [1, 0, 2]]);
	});

	it("is not opened by calls that were pending when their node disappeared", async () => {
		const line = new Line();
		const fates = Array.from({ length: 30 }, () => Promise.withResolvers<unknown>());
		const calls = fates.map(({ promise }) => line.call(promise));
		line.forget("b");
		for (const { reject } of fates) reject(new Errors.RequestRejectedError(about));
		await Promise.all(calls);
		expect([line.told, line.shown]).toEqual([[], [0, 0, 0]]);
	});
});

describe("a failure of a node", () => {
	it.each([
		["a request that timed out", new Errors.RequestTimeoutError(about)],
		["a node that was lost", new Errors.RequestRejectedError(about)],
		["a store that cannot write", failureError(new StoreUnavailable("no answer"))],
		["an unexpected error", new Error("oops")],
		["a value that is no error", "oops"],
		["nothing at all", undefined],
		["a failure that the node reports itself", Object.assign(new Errors.MoleculerError("oops", 500, "OOPS"), { nodeID: "b" })],
	])("is %s", (_what, error) => expect(isFailure(error, "b")).toBe(true));

	it.each([
		["a refusal", refusal()],
		["content that is not valid", new Errors.ValidationError("no", "VALIDATION_ERROR", [])],
		["a service that has left", new Errors.ServiceNotAvailableError(about)],
		["a full queue", new Errors.QueueIsFullError(about)],
		["a read model that has not reached the position", new Errors.MoleculerRetryableError("later", 503, "READ_MODEL_LAGGING")],
		["a read model that must be rebuilt", new Errors.MoleculerRetryableError("later", 503, "READ_MODEL_OUTDATED")],
		["a service that is starting", new Errors.MoleculerRetryableError("later", 503, "NOT_STARTED")],
		["a command whose caller gave up", failureError(new CallerGone("The caller is gone"))],
		["a call that was not sent", new Errors.RequestSkippedError(about)],
		["one unreadable stream", failureError(new StreamUnreadable("radar-1"))],
		["the failure of a node beyond it", Object.assign(new Errors.MoleculerError("oops", 500, "OOPS"), { nodeID: "c" })],
	])("is not %s", (_what, error) => expect(isFailure(error, "b")).toBe(false));
});

describe("among real nodes, a circuit", () => {
	const node = async (nodeID: string, handler?: () => unknown): Promise<ServiceBroker> => {
		const options = { namespace: "circuit", nodeID, logger: false, transporter: "Fake", internalMiddlewares: false } as const;
		const broker = new ServiceBroker({ ...options, middlewares: ["ErrorHandler", CircuitBreakerMiddleware(LIMITS)] as never }); // Moleculer finds built-in middlewares by name
		if (handler) broker.createService({ name: "bank", actions: { open: { handler } } });
		brokers.push(broker);
		await broker.start();
		return broker;
	};
	it("shows in the registry, and a node that comes back gets calls again at once", async () => {
		const failing = () => Promise.reject(failure());
		const caller = await node("caller");
		const first = await node("bank-1", failing);
		await caller.waitForServices("bank");
		const states = () =>
			caller.registry
				.getActionList({ withEndpoints: true })
				.flatMap(({ name, endpoints }) => (name === "bank.open" ? (endpoints ?? []).map(({ state }) => state) : []));
		const asked = async (count: number): Promise<unknown[]> => {
			const types: unknown[] = [];
			for (let i = 0; i < count; i++) await caller.call("bank.open").catch(({ type }: { type?: unknown }) => types.push(type));
			return types;
		};
		expect(states()).toEqual([true]);
		expect(new Set(await asked(20))).toEqual(new Set(["STORE_UNAVAILABLE"]));
		expect(states()).toEqual([false]);
		expect(await asked(1)).toEqual(["SERVICE_NOT_AVAILABLE"]);
		await first.stop();
		await node("bank-1", failing);
		await caller.waitForServices("bank");
		expect(new Set(await asked(19))).toEqual(new Set(["STORE_UNAVAILABLE"]));
		expect(states()).toEqual([true]);
		await asked(1);
		expect(states()).toEqual([false]);
	});
});
