/**
 * Jobs - one command or one ask of an actor on its way through the writer: consulted first, decided when the batch is formed,
 * answered when that is durable or proven.
 */
import { decide } from "../model/decide.ts";
import { type AnyCommand, type Case, creates, isRefusal, type Refusal, refuse } from "../model/index.ts";
import type { RecordedFact } from "../store/log.ts";
import type { Commit } from "../store/log.ts";
import type { Draft, Job, Verdict } from "../store/writer.ts";
import { type Actor, type ActorHost, type Consulting, type Done, type Envelope, NEVER_WRITTEN } from "./actor.ts";

/** Its caller gave up before it was decided, so it was not. */
export class CallerGone extends Error {
	readonly code = "CALLER_GONE";
}

export interface Order {
	readonly name: string;
	readonly law: AnyCommand;
	readonly params: { readonly id: string };
	readonly envelope: Envelope;
	readonly consulting: Consulting;
}

export class CommandJob implements Job {
	readonly stream: string;
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

	constructor(actors: ActorHost, stream: string, order: Order, resolve: (result: Done | Refusal) => void, reject: (error: Error) => void) {
		this.#actors = actors;
		this.#order = order;
		this.#resolve = resolve;
		this.#reject = reject;
		this.stream = stream;
		this.unread = creates(order.law);
	}

	/** Consults first; the actor is read and the decision taken when the batch is formed. */
	start(): void {
		const { consult } = this.#order.law;
		if (!consult) return this.#actors.writer(this.stream).submit(this);
		this.#consult(consult).then(
			() => this.#actors.writer(this.stream).submit(this),
			(error: unknown) => this.failed(error instanceof Error ? error : new Error(String(error))),
		);
	}
	again(): void {
		this.start();
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
			this.failed(new CallerGone("Nobody waits for this command any more"));
			return "over";
		}
		const actor = this.#actors.get(this.stream);
		if (!actor && !this.unread) return "unread";
		this.#base = actor ?? NEVER_WRITTEN;
		const outcome = this.#judge(this.#base);
		if ("recorded" in outcome) return outcome;
		if (!actor) return "unread"; // what writes nothing is never answered for an actor nobody read
		this.#answer = outcome;
		return "held";
	}

	/** The same command again, the version seen, the law: in this order. */
	#judge(actor: Actor): Draft | Done | Refusal {
		const { name, params, envelope } = this.#order;
		const known = actor.commands.find(({ id }) => id === envelope.commandId);
		if (known) {
			if (known.digest === envelope.digest) return { ...known.done, replayed: true };
			return refuse("IDEMPOTENCY_KEY_REUSED", 422, "This Idempotency-Key was used for a command with other content");
		}
		const facts = this.#decideFacts(actor);
		if (isRefusal(facts)) return facts;
		if (facts.length === 0)
			return {
				id: params.id,
				version: actor.version,
				position: actor.position,
				begun: false,
				replayed: false,
				written: false,
				answer: this.#remembered(actor),
			};
		const { commandId, digest, by, at, cause, trace } = envelope;
		const command = digest === undefined ? { name, id: commandId } : { name, id: commandId, digest };
		return {
			version: actor.version,
			recorded: { facts, command, by, at, ...(cause === undefined ? {} : { cause }), ...(trace === undefined ? {} : { trace }) },
		};
	}

	#decideFacts({ state, version }: Actor): readonly RecordedFact[] | Refusal {
		const { law, params, envelope } = this.#order;
		const { commandId, by, at: now, ifMatch } = envelope;
		const facts: Case<Actor["state"]> = { id: params.id, state, params, now, by, commandId, consulted: this.#consulted };
		return decide(this.#actors.model, law, facts, { version, ifMatch, refusal: this.#refusal });
	}

	/** "Already so" says what the first one said. */
	#remembered(actor: Actor): Done["answer"] {
		return creates(this.#order.law) ? (actor.commands[0]?.done.answer ?? {}) : {};
	}

	landed(commit: Commit): void {
		const done = this.#actors.landed(this.#base, commit).commands.at(-1)?.done;
		if (done) this.#settle(() => this.#resolve(done));
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
	/** Once; then the next of the mailbox may go. */
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
