/**
 * Actors - what every `(service, id)` of one kind has in common: a mailbox (one command at a time, in order of arrival), a state
 * kept in memory and rebuilt from its stream, and its own commands remembered, so that the same command twice is the first
 * one's answer. Knows no Moleculer: clock, consults and the log come in.
 */
import {
	type AnyCommand,
	type Case,
	codeOf,
	creates,
	type Instant,
	isRefusal,
	type Model,
	type Refusal,
	refuse,
	UNKNOWN,
} from "../model/index.ts";
import { decode, type Recorded, type RecordedFact } from "../store/codec.ts";
import type { Commit } from "../store/log.ts";
import { positionText } from "../store/position.ts";
import type { Draft, Job, Memory, Verdict, Writer } from "../store/writer.ts";
import { Generations } from "./memory.ts";

/** What travels with a command besides its params; the same for every attempt. */
export interface Envelope {
	readonly commandId: string;
	readonly by: string;
	/** When it arrived: the `now` of its decision. */
	readonly at: Instant;
	/** The version the caller has seen. */
	readonly ifMatch?: number;
	/** Of name and params, where the caller chose the command id. */
	readonly digest?: string;
	/** Milliseconds of the clock after which nobody waits. */
	readonly deadline?: number;
	readonly cause?: string;
	readonly trace?: string;
}
/** What the caller of a command is told. */
export interface Done {
	readonly id: string;
	/** Facts in the stream, with this command's. */
	readonly version: number;
	/** Where to read from to see it; empty when nothing was ever written. */
	readonly position: string;
	/** Whether it brought something into being. */
	readonly begun: boolean;
	readonly replayed: boolean;
	readonly written: boolean;
	readonly answer: Readonly<Record<string, unknown>>;
}
export class CallerGone extends Error {
	readonly code = "CALLER_GONE";
}

export interface ActorsOptions {
	readonly writer: (stream: string) => Writer;
	/** Milliseconds. */
	readonly clock: () => number;
	/** Actors kept in memory. */
	readonly capacity: number;
	readonly freeze: boolean;
}
/** Asks another actor; refusals are answers here. */
export type Consulting = (ask: string, params: object) => Promise<unknown>;

interface Remembered {
	readonly id: string;
	readonly digest: string | undefined;
	readonly done: Done;
}
interface Actor {
	readonly state: { readonly status: string };
	readonly version: number;
	readonly position: string;
	readonly commands: readonly Remembered[];
}
const NEVER_WRITTEN: Actor = { state: UNKNOWN, version: 0, position: "", commands: [] };

export class Actors implements Memory {
	readonly model: Model;
	readonly options: ActorsOptions;
	readonly #actors: Generations<Actor>;
	readonly #mailboxes = new Map<string, CommandJob[]>();
	/** Refusals since the start, by code. */
	readonly refusals = new Map<string, number>();

	constructor(model: Model, options: ActorsOptions) {
		this.model = model;
		this.options = options;
		this.#actors = new Generations(options.capacity);
	}

	streamOf(id: string): string {
		return `${this.model.name}-${id}`;
	}

	/** Resolves to what was done or to the refusal; rejects on a failure. */
	command(name: string, params: { readonly id: string }, envelope: Envelope, consulting: Consulting): Promise<Done | Refusal> {
		const law = this.model.commands[name];
		if (!law) throw new Error(`${this.model.name} has no command ${name}`);
		return new Promise((resolve, reject) => {
			const job = new CommandJob(this, { name, law, params, envelope, consulting }, resolve, reject);
			const box = this.#mailboxes.get(job.stream);
			if (box) box.push(job);
			else {
				this.#mailboxes.set(job.stream, [job]);
				job.start();
			}
		});
	}

	/** Answered from the last acknowledged state, beside the mailbox; `map` sees the state and the version, or null. */
	ask<T>(id: string, map: (actor: { readonly state: unknown; readonly version: number } | null) => T): Promise<T> {
		return new Promise((resolve, reject) => {
			const job = new AskJob(this, id, map, resolve, reject);
			this.options.writer(job.stream).submit(job);
		});
	}

	/** The next of the mailbox may go. */
	next(stream: string): void {
		const box = this.#mailboxes.get(stream);
		box?.shift();
		if (box?.[0]) box[0].start();
		else this.#mailboxes.delete(stream);
	}

	unknown(id: string): Refusal {
		return refuse(`${codeOf(this.model.name)}_UNKNOWN`, 404, `There is no ${this.model.name} ${id}`);
	}

	get(stream: string): Actor | undefined {
		return this.#actors.get(stream);
	}
	get size(): number {
		return this.#actors.size;
	}

	// -- Memory, as the writer sees it
	has(stream: string): boolean {
		return this.#actors.get(stream) !== undefined;
	}
	load(stream: string, commits: readonly Commit[]): void {
		this.#actors.set(
			stream,
			commits.reduce((actor, commit) => this.evolve(actor, commit), NEVER_WRITTEN),
		);
	}
	evict(stream: string): void {
		this.#actors.delete(stream);
	}
	clear(): void {
		this.#actors.clear();
	}

	/** The commit is durable: the actor moves. */
	landed(actor: Actor, commit: Commit): Actor {
		const next = this.evolve(actor, commit);
		this.#actors.set(commit.stream, next);
		return next;
	}

	evolve(actor: Actor, commit: Commit): Actor {
		const recorded = decode(commit);
		const { facts, command, at } = recorded;
		let state: { readonly status: string } = actor.state;
		for (const { type, data } of facts) {
			const step = this.model.evolve[type];
			if (!step) throw new Error(`${this.model.name} does not know the fact ${type}`);
			state = step(state as never, data as never, at); // the model's own types were checked where it was written
		}
		if (this.options.freeze) deepFreeze(state);
		const version = actor.version + facts.length;
		const position = positionText(this.options.writer(commit.stream).log.name, commit.position);
		const done = this.#done(commit.stream.slice(this.model.name.length + 1), version, position, recorded);
		return { state, version, position, commands: [...actor.commands, { id: command.id, digest: command.digest, done }] };
	}

	#done(id: string, version: number, position: string, { facts, command }: Recorded): Done {
		const begun = facts.some(({ type }) => this.model.begins.includes(type));
		return {
			id,
			version,
			position,
			begun,
			replayed: false,
			written: true,
			answer: this.model.commands[command.name]?.answer?.(facts) ?? {},
		};
	}
}

interface Order {
	readonly name: string;
	readonly law: AnyCommand;
	readonly params: { readonly id: string };
	readonly envelope: Envelope;
	readonly consulting: Consulting;
}

class CommandJob implements Job {
	readonly stream: string;
	unread: boolean;
	readonly #actors: Actors;
	readonly #order: Order;
	readonly #resolve: (result: Done | Refusal) => void;
	readonly #reject: (error: Error) => void;
	#consulted: Record<string, unknown> = {};
	#refusal: Refusal | null = null;
	#base: Actor = NEVER_WRITTEN;
	#answer: Done | Refusal | null = null;
	#settled = false;

	constructor(actors: Actors, order: Order, resolve: (result: Done | Refusal) => void, reject: (error: Error) => void) {
		this.#actors = actors;
		this.#order = order;
		this.#resolve = resolve;
		this.#reject = reject;
		this.stream = actors.streamOf(order.params.id);
		this.unread = creates(order.law);
	}

	/** Consults first; the actor is read and the decision taken when the batch is formed. */
	start(): void {
		const { consult } = this.#order.law;
		if (!consult) return this.#actors.options.writer(this.stream).submit(this);
		this.#consult(consult).then(
			() => this.#actors.options.writer(this.stream).submit(this),
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
		if (envelope.deadline !== undefined && this.#actors.options.clock() > envelope.deadline) {
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

	#decideFacts(actor: Actor): readonly RecordedFact[] | Refusal {
		const { law, params, envelope } = this.#order;
		const { model } = this.#actors;
		const { state } = actor;
		if (state.status === "unknown" && !creates(law)) return this.#actors.unknown(params.id);
		if (envelope.ifMatch !== undefined && envelope.ifMatch !== actor.version)
			return refuse("VERSION_MISMATCH", 412, `The ${model.name} stands at version ${actor.version}, not ${envelope.ifMatch}`);
		if (state.status !== "unknown" && law.already?.(state, params, { now: envelope.at })) return [];
		if (!law.from.includes(state.status)) {
			const exists = creates(law);
			return refuse(
				`${codeOf(model.name)}_${exists ? "ALREADY_EXISTS" : codeOf(state.status)}`,
				409,
				exists ? `There is a ${model.name} ${params.id} with other content` : `The ${model.name} ${params.id} is ${state.status}`,
			);
		}
		if (this.#refusal) return this.#refusal;
		const facts: Case = {
			id: params.id,
			state,
			params,
			now: envelope.at,
			by: envelope.by,
			commandId: envelope.commandId,
			consulted: this.#consulted,
		};
		const broken = law.require?.find((rule) => !rule.holds(facts));
		return broken ? refuse(broken.code, broken.status, broken.sentence) : law.decide(state, params, facts);
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
		if (isRefusal(answer)) this.#actors.refusals.set(answer.code, (this.#actors.refusals.get(answer.code) ?? 0) + 1);
		if (answer) this.#settle(() => this.#resolve(answer));
	}
	failed(error: Error): void {
		this.#settle(() => this.#reject(error));
	}
	/** Once; then the next of the mailbox may go. */
	#settle(answer: () => void): void {
		if (this.#settled) return;
		this.#settled = true;
		this.#actors.next(this.stream);
		answer();
	}
}

class AskJob<T> implements Job {
	readonly stream: string;
	readonly unread = false;
	readonly #actors: Actors;
	readonly #map: (actor: { readonly state: unknown; readonly version: number } | null) => T;
	readonly #resolve: (answer: T) => void;
	readonly #reject: (error: unknown) => void;
	#answer: (() => T) | null = null;

	constructor(
		actors: Actors,
		id: string,
		map: (actor: { readonly state: unknown; readonly version: number } | null) => T,
		resolve: (answer: T) => void,
		reject: (error: unknown) => void,
	) {
		this.#actors = actors;
		this.stream = actors.streamOf(id);
		this.#map = map;
		this.#resolve = resolve;
		this.#reject = reject;
	}
	decide(): Verdict {
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
		this.#actors.options.writer(this.stream).submit(this);
	}
	failed(error: Error): void {
		this.#reject(error);
	}
}

function deepFreeze(value: unknown): void {
	if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
	Object.freeze(value);
	for (const inner of Object.values(value)) deepFreeze(inner);
}
