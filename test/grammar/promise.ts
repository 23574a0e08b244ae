/**
 * Promise - runs the pure model of a process by hand: facts arrive in any order, and commands are delayed, repeated or late. The models of
 * the actors decide the commands; the resulting facts come back at any time.
 */
import { originOf } from "../../mixins/following/folding.ts";
import { decide, evolve, frozen } from "../../model/decide.ts";
import { type Known, needsOf, ofProcess, type Statement, wokenBy } from "../../model/given-work.ts";
import { type AnyProcess, isRefusal, type Refusal, type Sending, UNKNOWN } from "../../model/index.ts";
import type { Commit } from "../../store/log.ts";
import { modelOf } from "./everything.ts";
import { type Said, START } from "./lives.ts";
import type { Partition } from "./reading.ts";

interface OnItsWay {
	readonly subject: string;
	readonly sending: Sending;
}
interface Actor {
	readonly state: { readonly status: string };
	readonly said: readonly Said[];
	readonly commands: readonly string[];
}

export class Keeping {
	readonly #process: Statement<Sending>;
	readonly #known: Known = { subjects: new Map(), references: new Map() };
	/** Commands that are not decided yet. */
	readonly onTheirWay: OnItsWay[] = [];
	/** Refused commands, which the process would park. */
	readonly refused: Refusal[] = [];
	/** The decisions in order, which the process has not read yet. */
	readonly decided: Said[] = [];
	readonly #actors = new Map<string, Actor>();

	constructor(process: AnyProcess) {
		this.#process = ofProcess(process);
	}

	/** Makes commits visible to the process, which then sends the commands that follow. */
	tell({ context, number }: Pick<Partition, "context" | "number">, commits: readonly Commit[]): void {
		for (const commit of commits) for (const id of wokenBy(this.#process, this.#known, originOf(commit, context, number))) this.ask(id);
	}
	/** The pieces of work that it knows. */
	get subjects(): readonly string[] {
		return [...this.#known.subjects.keys()];
	}

	/** Computes the commands that are still due, as a recovery does. */
	ask(id: string): void {
		for (const sending of this.due(id)) this.onTheirWay.push({ subject: id, sending });
	}
	due(id: string): readonly Sending[] {
		return needsOf(this.#process, this.#known, id);
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
}
