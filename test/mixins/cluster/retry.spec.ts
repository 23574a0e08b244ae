/** Retry - a call lasts no longer than its timeout, however often it is sent, and two nodes never decide one command at once. */
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type ActionSchema, Context, Errors, ServiceBroker } from "moleculer";
import { failureError } from "../../../mixins/common/errors.ts";
import { CallerGone } from "../../../mixins/common/caller-gone.ts";
import { ClocksMiddleware } from "../../../mixins/cluster/clocks.ts";
import { Placement } from "../../../mixins/cluster/placement.ts";
import { ATTEMPT, RetryMiddleware } from "../../../mixins/cluster/retry.ts";
import { overAfter, DeadlineMiddleware } from "../../../mixins/cluster/deadline.ts";
import { StoreUnavailable, StreamUnreadable } from "../../../store/log.ts";

const TIMEOUT = 10_000;
const about = { action: "bank.open", nodeID: "b" };
const lost = () => new Errors.RequestRejectedError(about);
const busy = () => new Errors.QueueIsFullError(about);

/** Outcome of an attempt, unless it times out before. */
interface Fate {
	readonly takes: number;
	readonly error?: Error;
}
interface Attempt {
	readonly begun: number;
	readonly timeout: number;
	readonly ctx: Context;
	readonly error: Error | undefined;
}

/** A node that sends calls, with a clock that moves only while it waits, and other nodes with scripted outcomes. */
class Caller {
	now = 0;
	offered = (): boolean => true;
	/** Whether this node itself handles retried calls. */
	mine = false;
	/** Delay of each timer beyond its time. */
	late = 0;
	readonly attempts: Attempt[] = [];
	readonly pauses: number[] = [];
	readonly #fates: Fate[];
	readonly #broker = new ServiceBroker({ logger: false, requestTimeout: TIMEOUT });
	readonly #handler: (ctx: Context) => Promise<unknown>;
	readonly #action: ActionSchema;

	constructor(fates: readonly Fate[], { chance = 0, action = {} }: { chance?: number; action?: ActionSchema } = {}) {
		this.#fates = [...fates];
		this.#action = { name: "bank.open", ...action };
		const wait = async (milliseconds: number): Promise<void> => {
			this.pauses.push(milliseconds);
			this.now += milliseconds + this.late;
		};
		const retry = RetryMiddleware({ clock: () => this.now, wait, chance: () => chance })(this.#broker);
		ClocksMiddleware(this.#broker);
		const sent = DeadlineMiddleware(this.#broker);
		const wrap = (next: (ctx: Context) => Promise<unknown>, { remoteAction }: typeof retry) =>
			remoteAction?.call(this.#broker, next, this.#action) as typeof next;
		this.#handler = wrap(
			wrap((ctx) => this.#attempt(ctx), sent),
			retry,
		);
		this.#broker.registry.actions.isAvailable = () => this.offered();
		Object.assign(this.#broker, {
			call: (_name: string, _params: object, { ctx }: { ctx: Context }) => (this.mine ? this.#attempt(ctx) : this.#handler(ctx)),
		});
	}
	async #attempt(ctx: Context): Promise<string> {
		const timeout = ctx.options.timeout ?? this.#action.timeout ?? TIMEOUT;
		const { takes, error } = this.#fates.shift() ?? { takes: 1 };
		const late = timeout > 0 && takes >= timeout;
		const told = late ? new Errors.RequestTimeoutError(about) : error;
		this.attempts.push({ begun: this.now, timeout, ctx, error: told });
		this.now += late ? timeout : takes;
		if (told) throw told;
		return "done";
	}
	call(options: Context["options"] = {}, meta: object = {}): Promise<unknown> {
		const ctx = Context.create(this.#broker, null as never, { id: "1" }, { ...options, meta }); // the endpoint is not used
		return this.#handler(ctx);
	}
}

describe("a call to another node", () => {
	it.each([
		["its queue was full", busy()],
		["no node offered the service any more", new Errors.ServiceNotAvailableError(about)],
		["the node did not know the service", new Errors.ServiceNotFoundError(about)],
		["the node was lost", lost()],
		["the store could not write", failureError(new StoreUnavailable("no answer"))],
		["the node did not decide in time", failureError(new CallerGone("The caller is gone"))],
	])("is sent again if %s", async (_why, error) => {
		const caller = new Caller([{ takes: 5, error }, { takes: 5 }]);
		await expect(caller.call()).resolves.toBe("done");
		expect(caller.attempts).toHaveLength(2);
	});

	it.each([
		["the command is refused", new Errors.MoleculerClientError("no", 409, "RADAR_RETIRED")],
		["the actor is unknown", new Errors.MoleculerClientError("no", 404, "RADAR_UNKNOWN")],
		["it timed out", new Errors.RequestTimeoutError(about)],
		["a read has waited for its position", new Errors.MoleculerRetryableError("later", 503, "READ_MODEL_LAGGING")],
		["it timed out before it was sent", new Errors.RequestSkippedError(about)],
		["the stream is unreadable", failureError(new StreamUnreadable("radar-1"))],
		["the error is unexpected", new Error("oops")],
	])("fails at once if %s", async (_why, error) => {
		const caller = new Caller([{ takes: 5, error }]);
		await expect(caller.call()).rejects.toBe(error);
		expect([caller.attempts.length, caller.now]).toEqual([1, 5]);
	});

	it("without an answer has one attempt, which lasts for its timeout", async () => {
		const caller = new Caller([{ takes: Infinity }]);
		await expect(caller.call()).rejects.toMatchObject({ type: "REQUEST_TIMEOUT" });
		expect([caller.attempts.length, caller.now]).toEqual([1, TIMEOUT]);
	});

	it.each([
		["the node's", {}, {}, TIMEOUT],
		["the action's", {}, { timeout: 4000 }, 4000],
		["its own", { timeout: 3000 }, { timeout: 4000 }, 3000],
	])("has all its attempts within %s timeout", async (_whose, options, action, given) => {
		const caller = new Caller([{ takes: 100, error: busy() }, { takes: Infinity }], { action });
		await expect(caller.call(options)).rejects.toMatchObject({ type: "REQUEST_TIMEOUT" });
		expect(caller.attempts.map(({ begun, timeout }) => begun + timeout)).toEqual([given, given]);
		expect(caller.now).toBe(given);
	});

	it("doubles its pauses up to a second, and rejects with the last failure when no time is left for another attempt", async () => {
		const caller = new Caller(Array.from({ length: 50 }, () => ({ takes: 0, error: busy() })));
		await expect(caller.call()).rejects.toMatchObject({ type: "QUEUE_FULL" });
		expect(caller.pauses).toEqual([50, 100, 200, 400, 800, ...Array.from({ length: 7 }, () => 1000)]);
		expect(caller.now).toBe(8550);
	});

	it("shortens a pause at random by at most half", async () => {
		const caller = new Caller(
			Array.from({ length: 4 }, () => ({ takes: 0, error: busy() })),
			{ chance: 1 },
		);
		await caller.call();
		expect(caller.pauses).toEqual([25, 50, 100, 200]);
	});

	it("is sent as soon as a node offers the action", async () => {
		const caller = new Caller([{ takes: 0, error: busy() }, { takes: 1 }]);
		caller.offered = () => caller.now >= 3000;
		await expect(caller.call()).resolves.toBe("done");
		expect(caller.attempts.map(({ begun }) => begun)).toEqual([0, 3550]);
	});

	it("rejects with the first failure, not with the missing service afterwards", async () => {
		const caller = new Caller([{ takes: 0, error: busy() }]);
		caller.offered = () => false;
		await expect(caller.call()).rejects.toMatchObject({ type: "QUEUE_FULL" });
		expect(caller.attempts).toHaveLength(1);
		expect(caller.now).toBeLessThan(TIMEOUT);
	});

	it("is the same call in each attempt, and gets the metadata that the answer adds", async () => {
		const caller = new Caller([{ takes: 0, error: busy() }, { takes: 0 }]);
		const meta = { commandId: "c-1" };
		await caller.call({ headers: { own: "word" } }, meta);
		const [first, second] = caller.attempts.map(({ ctx }) => ctx);
		expect(second?.params).toBe(first?.params);
		expect(second?.meta).toBe(meta);
		expect(second?.requestID).toBe(first?.requestID);
		expect(second?.id).not.toBe(first?.id);
		expect(second?.headers).toEqual({ own: "word", sent: { by: expect.any(String), at: expect.any(Number) } });
	});

	it("that this node handles itself carries no stamp", async () => {
		const caller = new Caller([{ takes: 0, error: busy() }, { takes: 0 }]);
		caller.mine = true;
		await caller.call();
		expect(caller.attempts.map(({ ctx }) => Object.keys(ctx.headers))).toEqual([["sent"], []]);
	});

	it("is not sent again if the pause has used up the timeout", async () => {
		const caller = new Caller([{ takes: 0, error: busy() }]);
		caller.late = TIMEOUT;
		await expect(caller.call()).rejects.toMatchObject({ type: "QUEUE_FULL" });
		expect(caller.attempts).toHaveLength(1);
	});

	it.each([
		["without a timeout, as streams are", { timeout: 0 }],
		["without retries", { retries: 0 }],
		["to a given node", { nodeID: "b" }],
	])("%s is sent once", async (_which, options) => {
		const caller = new Caller([{ takes: 0, error: busy() }]);
		await expect(caller.call(options)).rejects.toMatchObject({ type: "QUEUE_FULL" });
		expect([caller.attempts.length, caller.now]).toEqual([1, 0]);
	});
});

const DECIDES: ActionSchema = { decides: true };

describe("an ask whose node was lost", () => {
	it("goes to another node at once, because it may be answered twice", async () => {
		const caller = new Caller([{ takes: 10, error: lost() }, { takes: 5 }]);
		await caller.call();
		expect(caller.attempts.map(({ begun, timeout }) => [begun, timeout])).toEqual([
			[0, TIMEOUT],
			[60, TIMEOUT - 60],
		]);
	});
});

describe("a command whose node was lost", () => {
	it("goes to another node only when the lost one can no longer decide it", async () => {
		const caller = new Caller([{ takes: 10, error: lost() }, { takes: 5 }], { action: DECIDES });
		await caller.call();
		expect(caller.attempts.map(({ begun, timeout }) => [begun, timeout])).toEqual([
			[0, ATTEMPT],
			[overAfter(ATTEMPT), ATTEMPT],
		]);
	});

	it("goes to another node soon if the loss was noticed late", async () => {
		const caller = new Caller([{ takes: 1900, error: lost() }, { takes: 5 }], { action: DECIDES });
		await caller.call();
		expect(caller.attempts.map(({ begun }) => begun)).toEqual([0, 1950]);
	});

	it("goes to another node at once if the first one cannot have received it", async () => {
		const caller = new Caller([{ takes: 10, error: new Errors.ServiceNotAvailableError(about) }, { takes: 5 }], { action: DECIDES });
		await caller.call();
		expect(caller.attempts.map(({ begun }) => begun)).toEqual([0, 60]);
	});

	it("fails only after that time if no time is left", async () => {
		const caller = new Caller([{ takes: 10, error: lost() }], { action: DECIDES });
		await expect(caller.call({ timeout: 1000 })).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		expect([caller.attempts.length, caller.now]).toEqual([1, overAfter(1000)]);
	});
});

describe("a command without an answer", () => {
	it("is sent again until its timeout, each attempt with a timeout of its own", async () => {
		const caller = new Caller(
			Array.from({ length: 10 }, () => ({ takes: Infinity })),
			{ action: DECIDES },
		);
		await expect(caller.call()).rejects.toMatchObject({ type: "REQUEST_TIMEOUT" });
		expect(caller.attempts.map(({ begun, timeout }) => [begun, timeout])).toEqual([
			[0, 2000],
			[2050, 2000],
			[4150, 2000],
			[6350, 2000],
			[8750, 1250],
		]);
		expect(caller.now).toBe(TIMEOUT);
	});
	it("is answered by the next node that responds", async () => {
		const caller = new Caller([{ takes: Infinity }, { takes: 5 }], { action: DECIDES });
		await expect(caller.call()).resolves.toBe("done");
		expect(caller.now).toBe(2055);
	});
});

describe("with random outcomes of its attempts, a call", () => {
	const error = fc.constantFrom(lost, busy, () => failureError(new StoreUnavailable("no answer")));
	const fate = fc.record({ takes: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 12_000 })), error });
	const run = async (
		fates: readonly { takes: number; error: () => Error }[],
		timeout: number,
		chance: number,
	): Promise<readonly [Caller, unknown]> => {
		const caller = new Caller(
			fates.map(({ takes, error: made }) => ({ takes, error: made() })),
			{ chance, action: DECIDES },
		);
		const outcome = await caller.call({ timeout }).catch((reason: unknown) => reason);
		return [caller, outcome];
	};
	const given = [
		fc.array(fate, { maxLength: 60 }),
		fc.integer({ min: 1, max: 20_000 }),
		fc.double({ min: 0, max: 1, noNaN: true }),
	] as const;

	it("lasts no longer than its timeout, and returns the outcome of its last attempt", () =>
		fc.assert(
			fc.asyncProperty(...given, async (fates, timeout, chance) => {
				const [{ now, attempts }, outcome] = await run(fates, timeout, chance);
				expect(now).toBeLessThanOrEqual(timeout + 1e-6);
				for (const attempt of attempts) {
					expect(attempt.timeout).toBeGreaterThan(0);
					expect(attempt.begun + attempt.timeout).toBeCloseTo(Math.min(timeout, attempt.begun + ATTEMPT), 6);
				}
				expect(outcome).toBe(attempts.at(-1)?.error ?? "done");
			}),
		));

	it("is sent again, or fails, only after a lost attempt is over", () =>
		fc.assert(
			fc.asyncProperty(...given, async (fates, timeout, chance) => {
				const [{ now, attempts }] = await run(fates, timeout, chance);
				attempts.forEach((attempt, i) => {
					if (attempt.error instanceof Errors.RequestRejectedError)
						expect(attempts[i + 1]?.begun ?? now).toBeGreaterThanOrEqual(attempt.begun + overAfter(attempt.timeout) - 1e-6);
				});
			}),
		));
});

describe("among real nodes, a call", () => {
	const brokers: ServiceBroker[] = [];
	afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())));
	let worlds = 0;
	const strategyOptions = { log: "bank", partitions: 8, service: "account" };
	/** A caller and two nodes that offer the same actions. */
	const cluster = async (handler: (ctx: Context<unknown, { seen?: string }>) => unknown): Promise<ServiceBroker> => {
		const namespace = `retry-${++worlds}`;
		const nodes = ["caller", "left", "right"].map((nodeID) => {
			const middlewares = ["Timeout", "ErrorHandler", ClocksMiddleware, DeadlineMiddleware, RetryMiddleware()] as never; // Moleculer finds built-in middlewares by name
			const registry = { strategy: Placement as never }; // Moleculer expects the class
			const options = { namespace, nodeID, logger: false, internalMiddlewares: false, middlewares, registry };
			const broker = new ServiceBroker({ ...options, transporter: "Fake" });
			if (nodeID !== "caller")
				broker.createService({ name: "bank", actions: { open: { handler }, decide: { decides: true, strategyOptions, handler } } });
			return broker;
		});
		brokers.push(...nodes);
		await Promise.all(nodes.map((broker) => broker.start()));
		const [caller] = nodes as [ServiceBroker];
		await caller.waitForServices("bank");
		return caller;
	};

	it("goes to another node with the remaining time, and gets its metadata back", async () => {
		const timeouts: unknown[] = [];
		const caller = await cluster((ctx) => {
			if (timeouts.push(ctx.options.timeout) === 1) throw new Errors.MoleculerRetryableError("not now", 503, "STORE_UNAVAILABLE");
			ctx.meta.seen = ctx.broker.nodeID;
			return "opened";
		});
		const calling = caller.call<unknown, object>("bank.open", { id: "1" }, { timeout: 5000, meta: { mine: 1 } });
		expect(await calling).toBe("opened");
		const { meta } = (calling as unknown as { ctx: Context }).ctx; // moleculer's promises carry their context
		expect(meta).toEqual({ mine: 1, seen: expect.stringMatching(/left|right/) });
		expect(timeouts[0]).toBeCloseTo(5000);
		expect(timeouts[1]).toBeLessThan(5000);
	});

	it("outlives the node it was sent to", async () => {
		const asked: { readonly node: string; readonly at: number }[] = [];
		const first = Promise.withResolvers<string>();
		const caller = await cluster((ctx) => {
			const node = ctx.broker.nodeID;
			if (asked.push({ node, at: performance.now() }) > 1) return node;
			first.resolve(node);
			return new Promise(() => undefined); // the node is dead, but not missed yet
		});
		const answer = caller.call<string, object>("bank.open", {}, { timeout: 1500 });
		const dead = await first.promise;
		caller.registry.nodes.disconnected(dead, true);
		expect([dead, await answer].sort()).toEqual(["left", "right"]);
		const [before, after] = asked.map(({ at }) => at) as [number, number];
		expect(after - before).toBeLessThan(1500);
	});

	it("with a command alternates between both nodes while they are silent or too late", async () => {
		const asked: string[] = [];
		const gone = () => new Errors.MoleculerRetryableError("too late", 503, "CALLER_GONE");
		const caller = await cluster((ctx) => {
			if (asked.push(ctx.broker.nodeID) < 4) throw gone();
			return "decided";
		});
		const owner = caller.call<unknown, object>("bank.decide", { id: "1" }, { timeout: 5000 });
		expect(await owner).toBe("decided");
		const [first, second] = asked;
		expect([new Set([first, second]).size, asked]).toEqual([2, [first, second, first, first]]);
		asked.length = 0;
		await caller.call<unknown, object>("bank.decide", { id: "1" }, { timeout: 5000 });
		expect(asked[0]).toBe(first); // the next call begins at the owner again
	});

	it.each([
		["goes to the other node if the store of the first one fails", {}, 2],
		["stays with its node if the store of a node behind it fails", { nodeID: "behind" }, 1],
	])("with a command %s", async (_what, behind, nodes) => {
		const asked: string[] = [];
		const caller = await cluster((ctx) => {
			if (asked.push(ctx.broker.nodeID) > 1) return "decided";
			throw Object.assign(new Errors.MoleculerRetryableError("the disk is full", 503, "STORE_UNAVAILABLE"), behind);
		});
		expect(await caller.call<unknown, object>("bank.decide", { id: "1" }, { timeout: 5000 })).toBe("decided");
		expect([asked.length, new Set(asked).size]).toEqual([2, nodes]);
	});

	it("with a command goes to the other node if the first one does not answer in time", async () => {
		const asked: string[] = [];
		const caller = await cluster((ctx) => (asked.push(ctx.broker.nodeID) > 1 ? "decided" : new Promise(() => undefined)));
		expect(await caller.call<unknown, object>("bank.decide", { id: "1" }, { timeout: 5000 })).toBe("decided");
		expect([asked.length, new Set(asked).size]).toEqual([2, 2]);
	});
});
