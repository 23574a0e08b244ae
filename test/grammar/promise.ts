/**
 * Promise - runs the pure model of a process by hand: facts arrive in any order, and commands are delayed, repeated or late. The models of
 * the actors decide the commands; the resulting facts come back at any time.
 */
import { stepsOf } from "../../mixins/following/folding.ts";
import { decide, evolve, frozen } from "../../model/decide.ts";
import {
	type AnyProcess,
	type Dated,
	type Fold,
	type Instant,
	isRefusal,
	type Origin,
	type Refusal,
	type Sending,
	UNKNOWN,
} from "../../model/index.ts";
import type { Commit } from "../../store/log.ts";
import { modelOf } from "./everything.ts";
import { type Said, START } from "./lives.ts";
import { logged, type Partition } from "./reading.ts";

interface OnItsWay {
	readonly subject: string;
	readonly sending: Sending;
}
interface Actor {
	readonly state: { readonly status: string };
	readonly said: readonly Said[];
	readonly commands: readonly string[];
}
type Step = { readonly id: string; readonly data: unknown; readonly origin: Origin; readonly fold: Fold<object, unknown> };

export class Keeping {
	readonly process: AnyProcess;
	readonly subjects = new Map<string, object>();
	readonly references = new Map<string, object>();
	/** Commands that are not decided yet. */
	readonly onTheirWay: OnItsWay[] = [];
	/** Refused commands, which the process would park. */
	readonly refused: Refusal[] = [];
	/** The decisions in order, which the process has not read yet. */
	readonly decided: Said[] = [];
	readonly #actors = new Map<string, Actor>();

	constructor(manager: AnyProcess) {
		this.process = manager;
	}

	/** Makes facts visible to the process, which then sends the commands that follow. */
	tell({ context, number }: Pick<Partition, "context" | "number">, commits: readonly Commit[]): void {
		const { subjects, references = {} } = this.process;
		const woken = new Set<string>();
		for (const step of stepsOf({ ...subjects.start, ...subjects.continue }, context, number, commits)) {
			this.#fold(this.subjects, step);
			woken.add(step.id);
		}
		for (const [name, { on, changed, needs }] of Object.entries(references))
			for (const step of stepsOf(on, context, number, commits, `${name}/`)) {
				const row = this.#fold(this.references, step);
				if (!row) continue;
				const span = changed(row, step.data as Dated); // each one has `from`
				for (const [id, subject] of this.subjects) {
					const need = needs(subject);
					if (need && `${name}/${need.reference}` === step.id && holdsIn(span, need.at)) woken.add(id);
				}
			}
		for (const id of woken) this.ask(id);
	}
	/** The same for one decision. */
	tellAll(...said: readonly Said[]): void {
		for (const partition of logged(said, () => "")) for (const commit of partition.commits) this.tell(partition, [commit]);
	}

	/** Computes the commands that are still due, as a recovery does. */
	ask(id: string): void {
		for (const sending of this.due(id)) this.onTheirWay.push({ subject: id, sending });
	}
	due(id: string): readonly Sending[] {
		const subject = this.subjects.get(id);
		if (!subject) return [];
		const references = Object.entries(this.process.references ?? {}).map(([name, { needs }]) => {
			const need = needs(subject);
			return [name, (need && this.references.get(`${name}/${need.reference}`)) ?? null];
		});
		return this.process.next(subject, Object.fromEntries(references));
	}

	/** A command arrives; with `twice` it also stays on its way. */
	arrive(which: number, twice = false): void {
		const arriving = this.onTheirWay[which % this.onTheirWay.length];
		if (!arriving) return;
		if (!twice) this.onTheirWay.splice(this.onTheirWay.indexOf(arriving), 1);
		const { subject, sending } = arriving;
		this.decide(sending.action, sending.params, `${subject}/${sending.cause}`);
	}
	/** Decides a command of any sender; the same id twice means the same command. */
	decide(action: string, given: object & { readonly id: string }, commandId: string): void {
		const [service = "", name = ""] = action.split(".");
		const model = modelOf(service);
		const actor = this.stands(service, given.id);
		const definition = model.commands[name];
		if (!definition) throw new Error(`There is no command ${action}`);
		if (actor.commands.includes(commandId)) return;
		const { id, ...params } = given;
		const facts = { id, state: actor.state, params: frozen({ ...params }), now: START, by: "process", commandId, consulted: {} };
		const outcome = decide(model, definition, facts, { version: 0 });
		if (isRefusal(outcome)) return void this.refused.push(outcome);
		if (outcome.length === 0) return;
		const said = { service, id, facts: outcome, at: START };
		this.decided.push(said);
		const state = frozen(evolve(model, actor.state, outcome, START));
		this.#actors.set(`${service}-${id}`, { state, said: [...actor.said, said], commands: [...actor.commands, commandId] });
	}
	stands(service: string, id: string): Actor {
		return this.#actors.get(`${service}-${id}`) ?? { state: UNKNOWN, said: [], commands: [] };
	}

	#fold(rows: Map<string, object>, { id, data, origin, fold }: Step): object | null {
		const row = fold(rows.get(id) ?? null, data, origin);
		if (row) rows.set(id, frozen(row));
		else rows.delete(id);
		return row;
	}
}

/** Whether a half-open time span contains the instant. */
export const holdsIn = ({ from, to }: { from: Instant | null; to: Instant | null }, at: Instant): boolean =>
	(from === null || from <= at) && (to === null || at < to);
