/**
 * Jobs - one command or one ask of an actor on its way through the writer: it consults first, is decided when the batch is formed,
 * and is answered when its outcome is durable or proven.
 */
import { CODES } from "../common/codes.ts";
import { decide } from "../../model/decide.ts";
import { type AnyCommand, type Situation, creates, isRefusal, type Refusal, refuse } from "../../model/index.ts";
import { type Commit, type RecordedFact, StoreUnavailable } from "../../store/log.ts";
import type { Draft, Job, Verdict } from "../../store/writer.ts";
import { type Answered, answeredFact } from "./answers.ts";
import { answerStream } from "../logs/answer-streams.ts";
import type { Remembered } from "./command-memory.ts";
import { type Actor, type ActorHost, NEVER_WRITTEN } from "./actor.ts";
import { CallerGone } from "../common/caller-gone.ts";
import type { Consulting, Done, Envelope } from "./envelope.ts";

export interface Order {
	readonly name: string;
	readonly definition: AnyCommand;
	readonly params: { readonly id: string };
	readonly envelope: Envelope;
	readonly consulting: Consulting;
}

export class CommandJob implements Job {
	readonly stream: string;
	/** Stream for the answer, if the command writes nothing and the caller chose its id. */
	readonly beside: string | undefined;
	unread: boolean;
	readonly #actors: ActorHost;
	readonly #order: Order;
	readonly #resolve: (result: Done | Refusal) => void;
	readonly #reject: (error: Error) => void;
	#consulted: Record<string, unknown> = {};
	#refusal: Refusal | null = null;
	#base: Actor = NEVER_WRITTEN;
	#answer: Done | Refusal | null = null;
	#settled = false;
	/** The same command, found in the log; undefined before the search, null if it was not found. */
	#recalled: Remembered | null | undefined;

	constructor(actors: ActorHost, stream: string, order: Order, resolve: (result: Done | Refusal) => void, reject: (error: Error) => void) {
		this.#actors = actors;
		this.#order = order;
		this.#resolve = resolve;
		this.#reject = reject;
		this.stream = stream;
		this.beside = order.envelope.digest === undefined ? undefined : answerStream(stream, order.envelope.commandId);
		this.unread = creates(order.definition);
	}

	/** Consults, then submits the job; the writer reads the actor and decides when it forms the batch. */
	start(): void {
		const { consult } = this.#order.definition;
		if (!consult) return this.#actors.writer(this.stream).submit(this);
		this.#consult(consult).then(
			() => this.#actors.writer(this.stream).submit(this),
			(error: unknown) => this.failed(error instanceof Error ? error : new Error(String(error))),
		);
	}
	again(): void {
		this.start();
	}
	/** Searches the actor's older commands for this one, then starts again. */
	recall(): void {
		this.#lookUp().then(
			(found) => {
				this.#recalled = found;
				this.start();
			},
			(error: unknown) => this.failed(new StoreUnavailable(`${this.stream} cannot be read`, error)),
		);
	}
	async #lookUp(): Promise<Remembered | null> {
		const { commandId } = this.#order.envelope;
		const { log } = this.#actors.writer(this.stream);
		for (const version of this.#base.commands.candidates(commandId)) {
			const [commit] = await log.stream(this.stream, version, 1);
			const found = commit && this.#actors.remembered(commit);
			if (found?.id === commandId) return found;
		}
		return null;
	}

	async #consult(consults: NonNullable<AnyCommand["consult"]>): Promise<void> {
		this.#refusal = null;
		const names = Object.keys(consults);
		const answers = await Promise.all(
			names.map((name) => {
				const params = consults[name]?.params(this.#order.params);
				return params ? this.#order.consulting(consults[name]?.ask ?? "", params) : null;
			}),
		);
		names.forEach((name, i) => {
			const answer = answers[i];
			if (isRefusal(answer)) this.#refusal ??= answer;
			else this.#consulted[name] = answer;
		});
	}

	decide(): Verdict {
		const { envelope } = this.#order;
		if (this.#settled) return "over";
		if (envelope.deadline !== undefined && this.#actors.clock() > envelope.deadline) {
			this.failed(new CallerGone("The caller no longer waits for this command"));
			return "over";
		}
		const kept = this.beside === undefined ? "none" : this.#actors.answers.get(this.beside);
		const actor = this.#actors.get(this.stream);
		if (kept === undefined || (!actor && !this.unread)) return "unread";
		this.#base = actor ?? NEVER_WRITTEN;
		if (kept !== "none") return this.#held(this.#again(kept));
		if (this.#recalled === undefined && this.#base.commands.candidates(envelope.commandId).length > 0) return "recall";
		const outcome = this.#judge(this.#base);
		if ("recorded" in outcome) return outcome;
		if (!actor) return "unread"; // an outcome that writes nothing needs the actor's stream read first
		return this.#keeps(outcome) ? this.#draftOf([answeredFact(outcome)], 0, this.beside) : this.#held(outcome);
	}
	#held(answer: Done | Refusal): Verdict {
		this.#answer = answer;
		return "held";
	}
	/** Keeps an answer that writes nothing if the caller chose the command's id, except failed preconditions and reused keys. */
	#keeps(outcome: Done | Refusal): boolean {
		if (this.beside === undefined) return false;
		return isRefusal(outcome) ? outcome.status !== 412 && outcome.code !== CODES.IDEMPOTENCY_KEY_REUSED.name : !outcome.replayed;
	}
	/** Repeats the first answer to this command. */
	#again({ digest, answer }: Answered): Done | Refusal {
		if (digest !== this.#order.envelope.digest)
			return refuse(CODES.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was used for a command with other content");
		return isRefusal(answer) ? answer : { ...answer, replayed: true };
	}

	/** Checks in this order: a repeated command, the version seen, the command's definition. */
	#judge(actor: Actor): Draft | Done | Refusal {
		const known = actor.commands.get(this.#order.envelope.commandId) ?? this.#recalled;
		if (known) return this.#again({ digest: known.digest, answer: known.done });
		const facts = this.#decideFacts(actor);
		if (isRefusal(facts)) return facts;
		if (facts.length > 0) return this.#draftOf(facts, actor.version);
		const { version, position } = actor;
		const answer = this.#remembered(actor);
		return { id: this.#order.params.id, version, position, begun: false, replayed: false, written: false, answer };
	}
	#draftOf(facts: readonly RecordedFact[], version: number, stream = this.stream): Draft {
		const { name, envelope } = this.#order;
		const { commandId, digest, by, at, cause, trace } = envelope;
		const command = digest === undefined ? { name, id: commandId } : { name, id: commandId, digest };
		const recorded = { facts, command, by, at, ...(cause === undefined ? {} : { cause }), ...(trace === undefined ? {} : { trace }) };
		return { stream, version, recorded };
	}

	#decideFacts({ state, version }: Actor): readonly RecordedFact[] | Refusal {
		const { definition: definition, params, envelope } = this.#order;
		const { commandId, by, at: now, ifMatch } = envelope;
		const situation: Situation<Actor["state"]> = { id: params.id, state, params, now, by, commandId, consulted: this.#consulted };
		return decide(this.#actors.model, definition, situation, { version, ifMatch, refusal: this.#refusal });
	}

	/** "Already so" repeats the answer of the creation. */
	#remembered(actor: Actor): Done["answer"] {
		return creates(this.#order.definition) ? actor.commands.first : {};
	}

	landed(commit: Commit): void {
		if (commit.stream !== this.beside) {
			const done = this.#actors.landed(this.#base, commit);
			return this.#settle(() => this.#resolve(done));
		}
		this.#answer = this.#actors.answers.landed(commit);
		this.proven();
	}
	proven(): void {
		const answer = this.#answer;
		if (isRefusal(answer)) this.#actors.refused(answer);
		else if (answer) this.#actors.unchanged();
		if (answer) this.#settle(() => this.#resolve(answer));
	}
	failed(error: Error): void {
		this.#settle(() => {
			this.#actors.failed();
			this.#reject(error);
		});
	}
	/** Settles once, and starts the next command of the mailbox. */
	#settle(answer: () => void): void {
		if (this.#settled) return;
		this.#settled = true;
		this.#actors.next(this.stream);
		answer();
	}
}

export class AskJob<T> implements Job {
	readonly stream: string;
	readonly unread = false;
	readonly #actors: ActorHost;
	readonly #map: (actor: { readonly state: unknown; readonly version: number } | null) => T;
	readonly #resolve: (answer: T) => void;
	readonly #reject: (error: unknown) => void;
	#answer: (() => T) | null = null;
	#failed = false;

	constructor(
		actors: ActorHost,
		stream: string,
		map: (actor: { readonly state: unknown; readonly version: number } | null) => T,
		resolve: (answer: T) => void,
		reject: (error: unknown) => void,
	) {
		this.#actors = actors;
		this.stream = stream;
		this.#map = map;
		this.#resolve = resolve;
		this.#reject = reject;
	}
	decide(): Verdict {
		if (this.#failed) return "over";
		const actor = this.#actors.get(this.stream);
		if (!actor) return "unread";
		this.#answer = () => this.#map(actor.state.status === "unknown" ? null : actor);
		return "held";
	}
	landed(): void {}
	recall(): void {}
	proven(): void {
		try {
			if (this.#answer) this.#resolve(this.#answer());
		} catch (error) {
			this.#reject(error);
		}
	}
	again(): void {
		this.#actors.writer(this.stream).submit(this);
	}
	failed(error: Error): void {
		this.#failed = true;
		this.#reject(error);
	}
}
