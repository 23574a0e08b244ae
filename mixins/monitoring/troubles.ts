/**
 * Troubles - checks the stores and followers of a node every second, and logs each problem once when it begins and once when it is over.
 * It also probes a log whose last write failed while there are no other writes, so that its recovery is detected before the next command.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import type { Follower } from "../../store/follow.ts";
import type { Writer } from "../../store/writer.ts";
import { clocksOf } from "../cluster/clocks.ts";
import { isObserving } from "../common/per-service.ts";
import { type Storage, storageOf } from "../logs/storage.ts";
import { every, nodeTimers } from "../common/timers.ts";

const LOOK_EVERY = 1000;
/** Consecutive failures of a follower that count as a problem. */
const PATIENCE = 5;

/** The log that receives the lines. */
export interface Notices {
	error(line: string): void;
	warn(line: string): void;
}
/** A problem, and its reason. */
type Trouble = readonly [what: string, reason: string];

export class Troubles {
	readonly #storage: Pick<Storage, "contexts" | "damage">;
	readonly #notices: Notices;
	readonly #clocks: () => string | null;
	#said: ReadonlyMap<string, string> = new Map();
	#looked = false;

	/** `clocks`: the warning about clock skew, null while the clocks agree. */
	constructor(storage: Pick<Storage, "contexts" | "damage">, notices: Notices, clocks: () => string | null = () => null) {
		this.#storage = storage;
		this.#notices = notices;
		this.#clocks = clocks;
	}

	async look(): Promise<void> {
		const found: Trouble[] = this.#storage.damage.map((said) => [`what is stored is damaged, ${said.replace(/:.*/s, "")}`, said]);
		const skew = this.#clocks();
		if (skew !== null) found.push(["clocks differ", skew]);
		for (const context of await this.#storage.contexts())
			for (const writer of context.writers) {
				await writer.probe(!this.#looked && writer === context.writers[0]); // the disk may be full since before the start
				found.push(...ofWriter(writer), ...context.followers(writer.log.name).flatMap(ofFollower));
			}
		this.#looked = true;
		const now = new Map(found);
		for (const [what, reason] of now) if (!this.#said.has(what)) this.#notices.error(`${what}: ${reason}`);
		for (const what of this.#said.keys()) if (!now.has(what)) this.#notices.warn(`It is over: ${what}`);
		this.#said = now;
	}
}

function ofWriter({ log: { name }, figures: { failing, unreadable } }: Writer): Trouble[] {
	return [
		...(failing.append ? [[`${name} cannot be written`, failing.append.reason] as const] : []),
		...(failing.read ? [[`${name} cannot be read`, failing.read.reason] as const] : []),
		...[...unreadable].map(([stream, { message }]) => [`${name} has something unreadable, ${stream}`, message] as const),
	];
}
/** A follower that has stopped permanently logs that itself. */
function ofFollower({ of, name, position, trouble }: Follower): Trouble[] {
	return (trouble?.times ?? 0) < PATIENCE ? [] : [[`${of} cannot go on in ${name}`, `after ${position}: ${trouble?.reason ?? ""}`]];
}

export function TroublesMiddleware(): Middleware {
	const stops = new WeakMap<ServiceBroker, () => void>();
	return {
		name: "Troubles",
		started(broker: ServiceBroker) {
			if (isObserving(broker)) return;
			const clocks = () => clocksOf(broker)?.skew.warning ?? null;
			const troubles = new Troubles(storageOf(broker), broker.getLogger("troubles"), clocks);
			let looking: Promise<void> | null = null;
			const look = () => {
				looking ??= troubles
					.look()
					.catch(() => undefined) // a log that cannot be opened stops the start
					.finally(() => (looking = null));
			};
			stops.set(broker, every(nodeTimers, LOOK_EVERY, look));
		},
		stopping(broker: ServiceBroker) {
			stops.get(broker)?.();
		},
	} as Middleware; // moleculer's type of `started` leaves out its argument
}
