/**
 * Given facts - facts of several actors, as a projection, a process or an effect reads them. They begin the sentences of given-rows.ts and
 * given-work.ts. The actor's model types them, so a fact of another actor does not compile.
 *
 * `about(radar, "R1", installed(), activated(noon))` is two decisions; `about(detection, "D1", [recorded(), qualified()])` is one.
 */
import { frozen } from "./decide.ts";
import type { Fact, Model } from "./define.ts";
import type { FactIn } from "./given.ts";
import type { Fold, Origin, Touch } from "./projection.ts";
import type { Instant } from "./time.ts";

/** 2026-01-01 at noon (UTC): the instant of every decision and read for which a test names none. */
export const NOON: Instant = "2026-01-01T12:00:00.000Z";
/** Maximum number of orders of arrival that one sentence tries. */
const MOST_ORDERS = 5040;

/** The actor of a fact: `radar` for `radar.installed`. */
export type ActorOf<F extends object> = keyof F extends infer K ? (K extends `${infer A}.${string}` ? A : never) : never;

/** The facts of one decision, or a single fact that is a decision by itself. */
type Decided<F> = F | readonly [F, ...F[]];
/** Decisions of the actor `id`, in order; facts in brackets belong to one decision. */
export const about = <M extends Model>(model: M, id: string, ...decisions: readonly Decided<FactIn<M>>[]): About<M["name"]> =>
	new About(model, { id, decisions: decisions.map((one): readonly Fact[] => ("type" in one ? [one] : one)), at: NOON, by: "someone" });

interface Scene {
	readonly id: string;
	readonly decisions: readonly (readonly Fact[])[];
	readonly at: Instant;
	readonly by: string;
}

/** `A`: the name of the actor's model. */
export class About<A extends string> {
	readonly model: Pick<Model, "context" | "begins"> & { readonly name: A };
	readonly scene: Scene;

	constructor(model: About<A>["model"], scene: Scene) {
		this.model = model;
		this.scene = scene;
	}
	/** The instant of these decisions; 2026-01-01 at noon (UTC) by default. */
	at(instant: Instant): About<A> {
		return new About(this.model, { ...this.scene, at: instant });
	}
	by(who: string): About<A> {
		return new About(this.model, { ...this.scene, by: who });
	}
}

/**
 * The decisions in the order of the sentence, with their origins. Each actor has its own partition of the log of its context, so every
 * order between actors is a possible order of arrival.
 */
export function decisionsIn(told: readonly About<string>[], follows: readonly string[]): readonly Origin[] {
	const actors = new Map<string, Origin>();
	const partitions = new Map<string, number>();
	return told.flatMap(({ model: { name, context, begins }, scene: { id, decisions, at, by } }) => {
		if (!follows.includes(context)) throw new Error(`The log ${context} of ${name} is not followed`);
		return decisions.map((decision) => {
			const last = actors.get(`${name}-${id}`);
			const [first] = decision;
			if (!last && first && !begins.includes(first.type)) throw new Error(`No ${name} begins with ${first.type}`);
			const partition = last?.partition ?? partitions.get(context) ?? 0;
			if (!last) partitions.set(context, partition + 1);
			const facts = structuredClone(decision);
			const version = (last?.version ?? 0) + facts.length;
			const origin: Origin = { log: context, partition, position: (last?.position ?? 0) + 1, service: name, id, version, at, by, facts };
			actors.set(`${name}-${id}`, frozen(origin));
			return origin;
		});
	});
}

/** All orders of arrival of these decisions that keep the order of each actor. */
export function ordersOf(decisions: readonly Origin[]): readonly (readonly Origin[])[] {
	const queues = [...Map.groupBy(decisions, ({ service, id }) => `${service}-${id}`).values()];
	let [count, length] = [1, 0];
	for (const queue of queues) for (let i = 1; i <= queue.length; i++) count = (count * ++length) / i;
	if (count > MOST_ORDERS) throw new Error(`${count} orders of arrival are too many: at most ${MOST_ORDERS}`);
	return merged(queues);
}
function merged(queues: readonly (readonly Origin[])[]): readonly (readonly Origin[])[] {
	const waiting = queues.filter(({ length }) => length > 0);
	if (waiting.length === 0) return [[]];
	return waiting.flatMap((queue) =>
		merged(waiting.map((one) => (one === queue ? one.slice(1) : one))).map((rest) => [...queue.slice(0, 1), ...rest]),
	);
}

/** A row that one fact changed; null if the fact removed it. */
export interface Changed {
	readonly id: string;
	readonly row: object | null;
	readonly data: unknown;
}
/** Folds one decision into the rows; they are frozen, so that a fold that writes to one throws. Each row id is prefixed with `prefix`. */
export function fold(
	rows: Map<string, object>,
	handlers: Readonly<Record<string, unknown>>,
	origin: Origin,
	prefix = "",
): readonly Changed[] {
	return origin.facts.flatMap(({ type, data }) => {
		const handler = handlers[type] as Fold<object, unknown> | Touch<object, unknown> | undefined; // typed where the handlers are defined
		if (!handler) return [];
		const touch = typeof handler === "function" ? { row: () => origin.id, fold: handler } : handler;
		const named = touch.row(data, origin);
		if (named === null) return [];
		const id = prefix + named;
		const row = touch.fold(rows.get(id) ?? null, data, origin);
		if (row) rows.set(id, frozen(row));
		else rows.delete(id);
		return [{ id, row, data }];
	});
}
