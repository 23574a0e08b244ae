/**
 * Post - the world outside: a post office that sends letters, and the port that leads to it. The port may be away, busy, slow or silent,
 * and like mixins/ports/port.ts it does nothing after the time in which its caller waits. It keeps the promise of the configuration.
 */
import type { ServiceBroker } from "moleculer";
import type { PortAnswer, PortCalls } from "../../mixins/ports/answers.ts";
import { portCalls } from "../../mixins/ports/calls.ts";
import type { PortPromise } from "../../model/index.ts";
import type { Faults } from "./config.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { World } from "./world.ts";

type ClearAnswer = Extract<PortAnswer, { readonly receipt: string } | { readonly refused: object }>;
const FATES = ["busy", "slow to begin", "slow to end", "slow to answer", "silent"] as const;
/** Faults that one letter suffers at most, because after ten failures it waits for an operator. */
const MOST = 5;
type Fate = (typeof FATES)[number] | "refused" | "fine";

export class Post {
	readonly promise: PortPromise;
	/** All calls that reached the port. */
	calls = 0;
	/** How often each letter was sent, by its key. */
	readonly letters = new Map<string, number>();
	/** The lives of nodes that got a clear answer about a letter, by its key. */
	readonly heard = new Map<string, Owner>();
	/** The present life of the port; while it is over, the port is away. */
	life: Owner = { alive: true };
	readonly #scheduler: Scheduler;
	readonly #faults: Pick<Faults, "port" | "refused">;
	readonly #suffered = new Map<string, number>();
	/** The clear answers by key, which only a port that promises `once` remembers. */
	readonly #answers = new Map<string, ClearAnswer>();

	constructor(scheduler: Scheduler, promise: PortPromise, faults: Pick<Faults, "port" | "refused">) {
		this.#scheduler = scheduler;
		this.promise = promise;
		this.#faults = faults;
	}

	/** The port and all calls in it end; it returns some time later. */
	die(): void {
		if (!this.life.alive) return;
		this.life.alive = false;
		this.#scheduler.count("port away");
		this.#scheduler.say(() => "--- the port is away");
		this.#scheduler.postLate(() => this.revive());
	}
	revive(): void {
		if (!this.life.alive) this.life = { alive: true };
	}

	/** `deadline`: the time until which the caller waits. */
	async perform(key: string, deadline: number): Promise<PortAnswer> {
		this.calls++;
		const { life } = this;
		const isLate = (): boolean => this.#scheduler.now >= deadline;
		const fate = this.#fate(key);
		if (fate === "busy") return { unsent: "The queue is full" };
		if (fate === "slow to begin") await this.#pass(life);
		if (isLate()) return { unsent: "The caller does not wait any more" };
		if (fate === "slow to end") await this.#pass(life);
		if (isLate()) return { unclear: "The call was aborted" };
		const answer = this.#answer(key, fate === "refused");
		if (fate === "slow to answer") await this.#pass(life);
		return fate === "silent" || isLate() ? { unclear: "The post did not answer" } : answer;
	}
	find(key: string): { readonly receipt: string } | null {
		return this.letters.has(key) ? { receipt: `receipt of ${key}` } : null;
	}

	#fate(key: string): Fate {
		const suffered = this.#suffered.get(key) ?? 0;
		const fate = this.#scheduler.calm || suffered >= MOST ? "fine" : this.#drawn();
		if (fate !== "fine") {
			this.#suffered.set(key, suffered + 1);
			this.#scheduler.count(`port ${fate}`);
		}
		this.#scheduler.say(() => `    the port gets ${key}: ${fate}`);
		return fate;
	}
	#drawn(): Fate {
		const { port, refused } = this.#faults;
		const which = 999 - this.#scheduler.chance.pick(1000);
		if (which < refused) return "refused";
		return port === 0 ? "fine" : (FATES[Math.floor((which - refused) / port)] ?? "fine");
	}
	#pass(life: Owner): Promise<void> {
		return this.#scheduler.timersOf(life).wait(this.#scheduler.chance.of([10, 100, 1000, 4000]));
	}
	#answer(key: string, isRefused: boolean): ClearAnswer {
		const known = this.promise === "once" ? this.#answers.get(key) : undefined;
		if (known) return known;
		const answer: ClearAnswer = isRefused ? { refused: { code: "NO_SUCH_STREET", detail: "-" } } : { receipt: `receipt of ${key}` };
		this.#answers.set(key, answer);
		if ("receipt" in answer) this.letters.set(key, (this.letters.get(key) ?? 0) + 1);
		this.#scheduler.count("receipt" in answer ? "letters sent" : "letters refused");
		this.#scheduler.say(() => `    the post ${"receipt" in answer ? "sends" : "refuses"} ${key}`);
		return answer;
	}
}

/** The port as one life of a node calls it: the product's own calls, over the simulated network. */
export function postFor(world: World, caller: Owner, by: string): PortCalls {
	const call = async (
		action: string,
		{ key = "" }: { readonly key?: string },
		{ timeout }: { readonly timeout: number },
	): Promise<unknown> => {
		const { post } = world;
		if (!post.life.alive) throw Object.assign(new Error("The port is away"), { type: "SERVICE_NOT_AVAILABLE" });
		const work = async (deadline: number): Promise<{ readonly said: unknown }> => {
			if (action === "post.ready") return { said: true };
			return { said: action === "post.find" ? post.find(key) : await post.perform(key, deadline) };
		};
		const answer = await world.call(caller, post, `${by} ${action} ${key}`, work, timeout);
		if (answer === "no answer") throw Object.assign(new Error("The port did not answer"), { type: "REQUEST_TIMEOUT" });
		if (answer.said !== null && typeof answer.said === "object" && ("receipt" in answer.said || "refused" in answer.said))
			post.heard.set(key, caller);
		return answer.said;
	};
	// portCalls uses nothing else of a broker
	return portCalls({ call } as unknown as ServiceBroker, { name: "letters", port: "post" }, world.config.portPatience);
}
