/**
 * ManualClock - keeps the manual clocks of all nodes at the instant of the actor `clock`. The fact is in the log before a node hears of it;
 * a node that starts later, or missed it, reads the actor. While the clock is that of the machine, the actor cannot be advanced.
 */
import type { Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import { NODE } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import { type Instant, refuse, unknownCode } from "../../model/index.ts";
import { type Clock, clockOf } from "../common/clock.ts";
import { refusalError, refusalOf } from "../common/errors.ts";
import { every, nodeTimers } from "../common/timers.ts";
import { type Backlog, hasBacklog } from "../common/backlogs.ts";

/** Interval at which a node reads the actor, in milliseconds, in case it missed the message about an instant. */
const READ_EVERY = 1000;
/** Milliseconds that a node may take to answer. */
const PATIENCE = 2000;
/** Types of the error of a call to a node that has gone. */
const GONE: ReadonlySet<unknown> = new Set(["SERVICE_NOT_AVAILABLE", "SERVICE_NOT_FOUND", "REQUEST_REJECTED"]);
const ACTOR = { id: "system" };

/** The clock of one node, or of all. */
export interface ClockReading {
	readonly mode: Clock["mode"];
	readonly now: Instant;
	/** Commits that are not processed, commands that are not answered, and commands whose instant has come; 0 when all is quiet. */
	readonly due: number;
}
/** The reading of one node. */
interface NodeReading {
	readonly mode: Clock["mode"];
	readonly now: Instant;
	readonly backlogs: readonly Backlog[];
}

interface Advance {
	readonly to: Instant;
}

/** Throws CLOCK_NOT_MANUAL (409) if the clock of the node is that of the machine. */
export function assertManual(broker: ServiceBroker): void {
	if (clockOf(broker).mode !== "manual")
		throw refusalError(refuse(CODES.CLOCK_NOT_MANUAL, "The clock of this system is that of the machine (CLOCK=system)"));
}

/** For the service of the actor `clock`: tells all nodes before the caller gets the answer. */
export const ManualClock = (): Partial<ServiceSchema> => ({
	hooks: {
		before: { advance: refuseUnlessManual, advanceMany: refuseUnlessManual },
		after: {
			async advance(this: Service, ctx: Context<Advance>, answer: unknown) {
				await tellAll(this.broker, ctx.params.to);
				return answer;
			},
			async advanceMany(
				this: Service,
				ctx: Context<{ readonly items: readonly { readonly params: Advance }[] }>,
				outcomes: readonly object[],
			) {
				const advanced = ctx.params.items.filter((_item, i) => "done" in (outcomes[i] ?? {}));
				for (const { params } of advanced) await tellAll(this.broker, params.to);
				return outcomes;
			},
		},
	},
});
function refuseUnlessManual(this: Service): void {
	assertManual(this.broker);
}

const stops = new WeakMap<ServiceBroker, () => void>();

/** For `$node`, the service that Moleculer runs on every node. */
export const nodeClock: Partial<ServiceSchema> = {
	actions: {
		/** The clock of this node; `to`: the instant to which it was advanced. */
		clock: {
			may: NODE,
			params: { to: { type: "string", optional: true } },
			async handler(this: Service, ctx: Context<{ readonly to?: Instant }>): Promise<NodeReading> {
				const clock = clockOf(this.broker);
				if (ctx.params.to !== undefined) clock.synchronize(ctx.params.to);
				const backlogs = await Promise.all(this.broker.services.filter(hasBacklog).map((service) => service.backlog()));
				return { mode: clock.mode, now: clock.now(), backlogs };
			},
		},
	},
	started(this: Service) {
		if (clockOf(this.broker).mode === "manual")
			stops.set(
				this.broker,
				every(nodeTimers, READ_EVERY, () => void synchronized(this.broker)),
			);
	},
	stopped(this: Service) {
		stops.get(this.broker)?.();
	},
};

/** Reads the actor, and sets the clock of this node to it. Resolves to false if the actor does not answer. */
export async function synchronized(broker: ServiceBroker): Promise<boolean> {
	const clock = clockOf(broker);
	if (clock.mode === "system") return true;
	try {
		const { state } = await broker.call<{ readonly state: { readonly now: Instant } }, typeof ACTOR>("clock.state", ACTOR, {
			timeout: PATIENCE,
		});
		clock.synchronize(state.now);
	} catch (error) {
		const isAlone = broker.transit === null || broker.transit === undefined;
		const hasNone = isAlone && !broker.services.some(({ name }: Service) => name === "clock");
		if (!hasNone && refusalOf(error)?.code !== unknownCode("clock").name) return false; // it was never advanced
		clock.synchronize(null);
	}
	return true;
}

/**
 * The clock of the system: the time of this node, and the work that is due on all nodes. Throws if a node does not answer. One fact can
 * cause work on another node that was read before, so 0 is only returned if a second round finds the same logs and no work either.
 */
export async function clockReading(broker: ServiceBroker): Promise<ClockReading> {
	const first = await workOf(broker);
	const second = first.due === 0 ? await workOf(broker) : first;
	const isQuiet = second.due === 0 && second.tails === first.tails;
	const clock = clockOf(broker);
	return { mode: clock.mode, now: clock.now(), due: isQuiet ? 0 : Math.max(1, second.due) };
}
/** The work of all nodes. A read model or process without a node on duty counts as one piece of work, because its backlog is unknown. */
async function workOf(broker: ServiceBroker): Promise<{ readonly due: number; readonly tails: string }> {
	const nodes = await Promise.all(nodesOf(broker).map((nodeID) => readingOf(broker, nodeID)));
	const latest = nodes.reduce((max, one) => (one && one.now > max ? one.now : max), "");
	const late = clockOf(broker).mode === "manual" ? nodes.filter((one) => one && one.now < latest).length : 0; // it counts with an older time
	const all = nodes.flatMap((one) => one?.backlogs ?? []);
	const working = all.filter(({ onDuty }) => onDuty);
	const idle = new Set(all.map(({ name }) => name).filter((name) => !working.some((one) => one.name === name)));
	const tails = working.map(({ name, tail }) => `${name} ${tail}`).toSorted();
	return { due: working.reduce((sum, { due }) => sum + due, idle.size + late), tails: tails.join() };
}

/** Null for a node that has just left or died: other nodes take over its work. */
const readingOf = (broker: ServiceBroker, nodeID: string): Promise<NodeReading | null> =>
	broker.call<NodeReading, object>("$node.clock", {}, { nodeID, timeout: PATIENCE }).catch((error: unknown) => {
		if (error instanceof Error && "type" in error && GONE.has(error.type)) return null;
		throw error;
	});
const nodesOf = ({ registry }: ServiceBroker): readonly string[] =>
	(registry.getNodeList({ onlyAvailable: true }) as readonly { readonly id: string }[]).map(({ id }) => id); // moleculer leaves it untyped
const tellAll = async (broker: ServiceBroker, to: Instant): Promise<void> => {
	await Promise.all(nodesOf(broker).map((nodeID) => tell(broker, nodeID, to)));
};
/** A node that does not answer reads the actor later. */
const tell = async (broker: ServiceBroker, nodeID: string, to: Instant): Promise<void> => {
	await broker.call<unknown, object>("$node.clock", { to }, { nodeID, timeout: PATIENCE }).catch(() => undefined);
};
