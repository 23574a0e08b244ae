/** Shipping - a sample effect: each parcel is shipped by a carrier, through a port with any promise, and its facts record how that went. */
import { FREE } from "./access.ts";
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { NotSent, Port, PortRefused, type PortStatement } from "../../mixins/ports/port.ts";
import { Performing } from "../../mixins/processes/performing.ts";
import {
	type AnyEffect,
	aggregate,
	type CommandOf,
	effect,
	id,
	type PortPromise,
	recordsAttempt,
	text,
	type Unknown,
} from "../../model/index.ts";

// -- State -----------------------------------------------------------------------
type Crate = Unknown | { readonly status: "packed" | "underWay" | "shipped" | "failed" | "doubted" | "unpacked"; readonly to: string };

// -- Facts -------------------------------------------------------------------------
export interface CrateFacts {
	"crate.packed": { to: string };
	"crate.attempted": { attempt: string };
	"crate.shipped": { receipt: string };
	"crate.failed": { code: string; detail: string };
	"crate.doubted": { detail: string };
	"crate.unpacked": Record<never, never>;
}
const { command, define, fact } = aggregate<Crate, CrateFacts>();

// -- The model ---------------------------------------------------------------------
export const crate = define({
	name: "crate",
	plural: "crates",
	context: "post",
	reads: FREE,
	begins: ["crate.packed"],
	statuses: {
		packed: "it waits for the carrier",
		underWay: "the carrier was called",
		shipped: "the carrier has it",
		failed: "the carrier refused it",
		doubted: "it is not known whether the carrier has it",
		unpacked: "it is not wanted any more",
	},
	commands: {
		pack: command(
			{ id: id(), to: text() },
			{ may: FREE, allowedIn: ["unknown"], decide: (_unknown, { to }) => [fact("crate.packed", { to })] },
		),
		unpack: command({ id: id() }, { may: FREE, allowedIn: ["packed"], decide: () => [fact("crate.unpacked", {})] }),
		attempt: command(
			{ id: id(), attempt: text() },
			{
				internal: true,
				may: FREE,
				allowedIn: ["packed", "underWay"],
				decide: (_state, { attempt }) => [fact("crate.attempted", { attempt })],
				answer: recordsAttempt("crate.attempted"),
			},
		),
		ship: command(
			{ id: id(), receipt: text() },
			{
				internal: true,
				may: FREE,
				allowedIn: ["packed", "underWay", "doubted"],
				decide: (_state, { receipt }) => [fact("crate.shipped", { receipt })],
			},
		),
		fail: command(
			{ id: id(), code: text(), detail: text() },
			{
				internal: true,
				may: FREE,
				allowedIn: ["packed", "underWay"],
				decide: (_state, { code, detail }) => [fact("crate.failed", { code, detail })],
			},
		),
		doubt: command(
			{ id: id(), detail: text() },
			{ internal: true, may: FREE, allowedIn: ["underWay"], decide: (_state, { detail }) => [fact("crate.doubted", { detail })] },
		),
	},
	asks: {},
	evolve: {
		"crate.packed": (_unknown, { to }) => ({ status: "packed", to }),
		"crate.attempted": ({ to }) => ({ status: "underWay", to }),
		"crate.shipped": ({ to }) => ({ status: "shipped", to }),
		"crate.failed": ({ to }) => ({ status: "failed", to }),
		"crate.doubted": ({ to }) => ({ status: "doubted", to }),
		"crate.unpacked": ({ to }) => ({ status: "unpacked", to }),
	},
});
declare module "../../model/define.ts" {
	interface Commands {
		"crate.attempt": CommandOf<typeof crate, "attempt">;
		"crate.ship": CommandOf<typeof crate, "ship">;
		"crate.fail": CommandOf<typeof crate, "fail">;
		"crate.doubt": CommandOf<typeof crate, "doubt">;
	}
}
export const crateService: ServiceSchema = { name: crate.name, mixins: [EventSourced(crate)] };

// -- The effect --------------------------------------------------------------------
interface Shipment {
	readonly id?: string;
	readonly to?: string;
	readonly isOver?: true;
}
const over = (known: Shipment | null): Shipment => ({ ...known, isOver: true });
const recorded = { succeeded: "crate.ship", failed: "crate.fail" } as const;
const statement = {
	name: "shipping",
	follows: ["post"],
	port: "carrier",
	subjects: {
		start: { "crate.packed": (known: Shipment | null, { to }: { to: string }, { id: of }: { id: string }) => ({ ...known, id: of, to }) },
		continue: { "crate.shipped": over, "crate.failed": over, "crate.doubted": over, "crate.unpacked": over },
	},
	wanted: ({ id: of, to, isOver }: Shipment) => (of && to && !isOver ? { id: of, request: { to }, cause: "ship" } : null),
};
export const shippingOf = (promise: PortPromise): AnyEffect => {
	if (promise === "once") return effect<Shipment, CrateFacts>({ ...statement, promise, records: recorded });
	if (promise === "lookup")
		return effect<Shipment, CrateFacts>({ ...statement, promise, records: { ...recorded, attempted: "crate.attempt" } });
	return effect<Shipment, CrateFacts>({
		...statement,
		promise,
		records: { ...recorded, attempted: "crate.attempt", doubted: "crate.doubt" },
	});
};
export const shippingService = (promise: PortPromise, patience: number): ServiceSchema => ({
	name: "shipping",
	mixins: [Performing(shippingOf(promise), { patience })],
});

// -- The carrier -------------------------------------------------------------------
/** The world outside: what a carrier has shipped. */
export class Carrier {
	/** All calls that reached the carrier. */
	calls = 0;
	/** How often each key was done. */
	readonly done = new Map<string, number>();
	isReachable = true;
	/** The next calls do the work and never answer. */
	isSilent = false;
	/** Calls at this moment, and the most so far. */
	running = 0;
	most = 0;
	/** Milliseconds that a call takes. */
	pause = 0;

	times(key: string): number {
		return this.done.get(key) ?? 0;
	}
	async ship(to: string, key: string, remembers: boolean): Promise<{ readonly receipt: string }> {
		this.calls++;
		if (!this.isReachable) throw new NotSent("connect ECONNREFUSED");
		if (to === "nowhere") throw new PortRefused("NO_SUCH_STREET", "There is no such street");
		this.most = Math.max(this.most, ++this.running);
		if (!remembers || !this.done.has(key)) this.done.set(key, this.times(key) + 1);
		await new Promise((resolve) => setTimeout(resolve, this.isSilent ? 86_400_000 : this.pause).unref());
		this.running--;
		return { receipt: `receipt of ${key}`.slice(0, 100) };
	}
}
type Limits = Pick<PortStatement<object>, "timeout" | "concurrency" | "queue" | "rate" | "breaker">;
const LIMITS: Limits = { timeout: 1000, concurrency: 4, queue: 1000, breaker: { failures: 5, pause: 200 } };
export const carrierService = (promise: PortPromise, carrier: Carrier, limits: Partial<Limits> = {}): ServiceSchema => ({
	name: "carrier",
	mixins: [
		Port<{ to: string }>({
			...LIMITS,
			...limits,
			promise,
			request: { to: { type: "string", min: 1, max: 100 } },
			perform: ({ to }, { key }) => carrier.ship(to, key, promise === "once"),
			...(promise === "lookup"
				? { find: (key: string) => Promise.resolve(carrier.times(key) > 0 ? { receipt: `receipt of ${key}`.slice(0, 100) } : null) }
				: {}),
		}),
	],
});
