/**
 * Promise - a process kept by hand, as its pure model states it: facts are told in any order, commands stay on their way as long
 * as it pleases, arrive twice, or late. Who decides them is the law of the actors; what they say comes back when it comes back.
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
	/** Commands nobody has decided yet. */
	readonly onTheirWay: OnItsWay[] = [];
	/** What the process would have to park. */
	readonly refused: Refusal[] = [];
	/** What was decided, in order; told when somebody tells it. */
	readonly decided: Said[] = [];
	readonly #actors = new Map<string, Actor>();

	constructor(process: AnyProcess) {
		this.process = process;
	}

	/** Facts become visible to the process, which asks for whatever follows from them. */
	tell({ context, number }: Pick<Partition, "context" | "number">, commits: readonly Commit[]): void {
		const { subjects, references } = this.process;
		const woken = new Set<string>();
		for (const step of stepsOf({ ...subjects.start, ...subjects.continue }, context, number, commits)) {
			this.#fold(this.subjects, step);
			woken.add(step.id);
		}
		for (const step of stepsOf({ ...references.on }, context, number, commits)) {
			const row = this.#fold(this.references, step);
			if (!row) continue;
			const { from, to } = references.changed(row, step.data as Dated); // each says from when it holds
			for (const [id, subject] of this.subjects) {
				const need = subjects.needs(subject);
				if (need?.reference === step.id && (from === null || from <= need.at) && (to === null || need.at < to)) woken.add(id);
			}
		}
		for (const id of woken) this.ask(id);
	}
	/** The same, of one decision that is told at once. */
	tellAll(...said: readonly Said[]): void {
		for (const partition of logged(said, () => "")) for (const commit of partition.commits) this.tell(partition, [commit]);
	}

	/** Asks again for what is still to be done; recovery is nothing else. */
	ask(id: string): void {
		for (const sending of this.due(id)) this.onTheirWay.push({ subject: id, sending });
	}
	due(id: string): readonly Sending[] {
		const subject = this.subjects.get(id);
		if (!subject) return [];
		const need = this.process.subjects.needs(subject);
		return this.process.next(subject, (need && this.references.get(need.reference)) ?? null);
	}

	/** A command arrives; if it is to come twice, it stays on its way too. */
	arrive(which: number, twice = false): void {
		const arriving = this.onTheirWay[which % this.onTheirWay.length];
		if (!arriving) return;
		if (!twice) this.onTheirWay.splice(this.onTheirWay.indexOf(arriving), 1);
		const { subject, sending } = arriving;
		this.decide(sending.action, sending.params, `${subject}/${sending.cause}`);
	}
	/** Anybody's command: the same id twice is the same command. */
	decide(action: string, given: object & { readonly id: string }, commandId: string): void {
		const [service = "", name = ""] = action.split(".");
		const model = modelOf(service);
		const actor = this.stands(service, given.id);
		const law = model.commands[name];
		if (!law) throw new Error(`There is no command ${action}`);
		if (actor.commands.includes(commandId)) return;
		const { id, ...params } = given;
		const facts = { id, state: actor.state, params: frozen({ ...params }), now: START, by: "process", commandId, consulted: {} };
		const outcome = decide(model, law, facts, { version: 0 });
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

/** What a half-open span of time holds. */
export const holdsIn = ({ from, to }: { from: Instant | null; to: Instant | null }, at: Instant): boolean =>
	(from === null || from <= at) && (to === null || at < to);
