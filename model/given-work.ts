/**
 * Given work - the grammar of every process and effect test: given these earlier facts, when these facts arrive, then exactly these
 * commands (or works of an effect) are needed. An unknown actor, fact or command does not compile. It only throws, so any test runner can
 * use it.
 *
 * `given(reminding, about(reader, "ada", joined())).when(about(book, "B1", lent())).then(notBefore(noon, send("reminder.write", ...)))`
 */
import type { AnyEffect, Effect, Wanted } from "./effect.ts";
import { agree } from "./given.ts";
import { about, type About, type ActorOf, decisionsIn, fold, ordersOf } from "./given-facts.ts";
import type { AnyProcess, Dated, Process, Sending, Span } from "./process.ts";
import type { Origin } from "./projection.ts";
import { sameJson } from "./json.ts";
import type { Instant } from "./time.ts";

export { about };

type Rows = Readonly<Record<string, object>>;
type References = Readonly<Record<string, object | null>>;
/** A process, or an effect; `I`: what it needs. */
export interface Statement<I extends Item> extends Pick<AnyProcess, "name" | "follows" | "subjects" | "references"> {
	readonly needs: (subject: object, references: References) => readonly I[];
}
export type Item = Sending | Wanted;

/** The facts that arrived before, in this order. */
export function given<S extends object, F extends object, R extends Rows>(
	process: Process<S, F, R>,
	...earlier: readonly About<ActorOf<F>>[]
): Work<Sending, ActorOf<F>>;
export function given<S extends object, F extends object, R extends Rows>(
	effect: Effect<S, F, R>,
	...earlier: readonly About<ActorOf<F>>[]
): Work<Wanted, ActorOf<F>>;
export function given(statement: AnyProcess | AnyEffect, ...earlier: readonly About<string>[]): unknown {
	return "next" in statement ? new Work(ofProcess(statement), earlier) : new Work(ofEffect(statement), earlier);
}

const ofEffect = (effect: AnyEffect): Statement<Wanted> => ({
	...effect,
	needs: (subject, references) => [effect.wanted(subject, references)].filter((wanted) => wanted !== null),
});
export const ofProcess = (process: AnyProcess): Statement<Sending> => ({
	...process,
	needs: (subject, references) => {
		const needed = process.next(subject, references);
		const undeclared = needed.find(({ action }) => !process.sends.includes(action));
		if (undeclared) throw new Error(`${process.name} needs ${undeclared.action}, which is not in its \`sends\``);
		return needed;
	},
});

/** `A`: the names of the actors whose facts it follows. */
class Work<I extends Item, A extends string> {
	readonly #statement: Statement<I>;
	readonly #earlier: readonly About<A>[];

	constructor(statement: Statement<I>, earlier: readonly About<A>[]) {
		this.#statement = statement;
		this.#earlier = earlier;
	}
	/** These facts arrive, in this order. */
	when(...arriving: readonly [About<A>, ...About<A>[]]): Needs<I> {
		const decisions = decisionsIn([...this.#earlier, ...arriving], this.#statement.follows);
		const count = this.#earlier.reduce((sum, { scene }) => sum + scene.decisions.length, 0);
		return new Needs(this.#statement, { earlier: decisions.slice(0, count), orders: [decisions.slice(count)], now: null });
	}
}

interface Scene {
	readonly earlier: readonly Origin[];
	/** Every order of arrival that the sentence is about. */
	readonly orders: readonly (readonly Origin[])[];
	readonly now: Instant | null;
}

class Needs<I extends Item> {
	readonly #statement: Statement<I>;
	readonly #scene: Scene;

	constructor(statement: Statement<I>, scene: Scene) {
		this.#statement = statement;
		this.#scene = scene;
	}
	/** The facts arrive in any order that keeps the order of each actor; the sentence holds for all of them. */
	inAnyOrder(): Needs<I> {
		return new Needs(this.#statement, { ...this.#scene, orders: this.#scene.orders.flatMap(ordersOf) });
	}
	/** The sentence is about what is sent at this instant: all without `notBefore`, and all whose `notBefore` is reached, here without it. */
	at(now: Instant): Needs<I> {
		return new Needs(this.#statement, { ...this.#scene, now });
	}

	/** Exactly these, of all subjects together. */
	then(...needed: readonly [I, ...I[]]): void {
		this.#agree(needed);
	}
	/** None: everything is up to date. */
	thenNothing(): void {
		this.#agree([]);
	}

	#agree(expected: readonly I[]): void {
		const { earlier, orders, now } = this.#scene;
		for (const order of orders) {
			const needed = neededAfter(this.#statement, [...earlier, ...order]);
			const arrived = order.map(({ service, id, facts }) => `${facts.map(({ type }) => type).join(" and ")} of ${service} ${id}`);
			agree(`after ${arrived.join(", ")} it needs`, sorted(now === null ? needed : sentAt(needed, now)), sorted(expected));
		}
	}
}

/** The rows of a process or an effect. */
export interface Known {
	readonly subjects: Map<string, object>;
	readonly references: Map<string, object>;
}
function neededAfter<I extends Item>(statement: Statement<I>, decisions: readonly Origin[]): readonly I[] {
	const known: Known = { subjects: new Map(), references: new Map() };
	const needed = new Map<string, readonly I[]>(); // of each subject, when it was last woken
	for (const origin of decisions) for (const id of wokenBy(statement, known, origin)) needed.set(id, needsOf(statement, known, id));
	for (const id of known.subjects.keys())
		if (!sameJson(needsOf(statement, known, id).map(instantOf), needed.get(id)?.map(instantOf)))
			throw new Error(`${statement.name} needs something else for ${id}, which no fact woke: \`changed\` of a reference is too narrow`);
	return [...needed.values()].flat();
}

/** Folds a decision; returns the subjects that it changed, and those that need a reference within the time span it changed. */
export function wokenBy({ subjects, references = {} }: Statement<Item>, known: Known, origin: Origin): ReadonlySet<string> {
	const woken = new Set(fold(known.subjects, { ...subjects.start, ...subjects.continue }, origin).map(({ id }) => id));
	for (const [name, { on, changed, needs }] of Object.entries(references))
		for (const { id, row, data } of fold(known.references, on, origin, `${name}/`)) {
			if (!row) continue;
			const span = changed(row, data as Dated); // the types of `on` ensure it
			for (const [subject, content] of known.subjects) {
				const need = needs(content);
				if (need && `${name}/${need.reference}` === id && holdsIn(span, need.at)) woken.add(subject);
			}
		}
	return woken;
}
/** Whether a half-open time span contains the instant. */
export const holdsIn = ({ from, to }: Span, at: Instant): boolean => (from === null || from <= at) && (to === null || at < to);

export function needsOf<I extends Item>({ references = {}, needs }: Statement<I>, known: Known, id: string): readonly I[] {
	const subject = known.subjects.get(id);
	if (!subject) return [];
	const named = Object.entries(references).map(([name, kind]) => {
		const need = kind.needs(subject);
		return [name, (need && known.references.get(`${name}/${need.reference}`)) ?? null] as const;
	});
	return needs(subject, Object.fromEntries(named));
}

const sentAt = (needed: readonly Item[], now: Instant): readonly Item[] =>
	needed.filter(({ notBefore = now }) => notBefore <= now).map(({ notBefore: _reached, ...rest }) => rest);

/** All of it but its data, which a fact outside the time span that a subject needs may change. */
const nameOf = (one: Item): readonly unknown[] => ("action" in one ? [one.action, one.params.id, one.cause] : [one.id, one.cause]);
const instantOf = (one: Item) => [...nameOf(one), one.notBefore];
const sorted = (items: readonly Item[]): readonly Item[] =>
	items.toSorted((a, b) => (JSON.stringify(nameOf(a)) < JSON.stringify(nameOf(b)) ? -1 : 1));
