/**
 * Actors - all actors of one kind. Each has a mailbox (one command at a time, in order of arrival), a state in memory that is
 * rebuilt from its stream, and a memory of its commands, so that a repeated command gets the first answer. This module does not
 * depend on Moleculer: clock, consults and log are parameters.
 */
import { evolve, frozen, unknownActor } from "../../model/decide.ts";
import type { Model, Refusal } from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import { type Commit, StreamUnreadable } from "../../store/log.ts";
import { positionText } from "../../store/position.ts";
import type { Memory, Writer } from "../../store/writer.ts";
import { Answers } from "./answers.ts";
import { isAnswerStream } from "../logs/answer-streams.ts";
import { type Actor, type ActorHost, NEVER_WRITTEN } from "./actor.ts";
import type { Consulting, Done, Envelope } from "./envelope.ts";
import { CommandMemory, type Remembered } from "./command-memory.ts";
import { AskJob, CommandJob } from "./jobs.ts";
import { BoundedCache } from "../common/bounded-cache.ts";

/** From this number of facts on an actor is long: an evicted one is kept, and reading it resumes from the kept version. */
const LONG = 1000;
/** Evicted long actors that are kept; at most twice as many. */
const BEGUN = 32;

export interface ActorsOptions {
	readonly writer: (stream: string) => Writer;
	/** Milliseconds of a clock that is never set back. */
	readonly clock: () => number;
	/** Actors kept in memory. */
	readonly capacity: number;
	readonly freeze: boolean;
	/** Makes the digest of a command that may hold personal data useless for guesses at the data. */
	readonly keyed?: ((digest: string) => string) | undefined;
}
export class Actors implements Memory, ActorHost {
	readonly model: Model;
	readonly options: ActorsOptions;
	readonly #actors: BoundedCache<Actor>;
	/** Long actors that other writers may have changed, and actors that are still being read. */
	readonly #begun = new BoundedCache<Actor>(BEGUN);
	readonly answers = new Answers();
	readonly #mailboxes = new Map<string, CommandJob[]>();
	/** Refusals since the start, by code. */
	readonly refusals = new Map<string, number>();
	/** Commands since the start, by outcome; refused commands are in `refusals`. */
	readonly commands = { written: 0, unchanged: 0, failed: 0 };
	/** Actors that the writer looked for since the start: found in memory, read from their stream, or without a stream. */
	readonly cache = { hits: 0, misses: 0, blank: 0 };

	constructor(model: Model, options: ActorsOptions) {
		this.model = model;
		this.options = options;
		this.#actors = new BoundedCache(options.capacity);
	}

	get clock(): () => number {
		return this.options.clock;
	}
	writer(stream: string): Writer {
		return this.options.writer(stream);
	}
	refused({ code }: Refusal): void {
		this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
	}
	unchanged(): void {
		this.commands.unchanged++;
	}
	failed(): void {
		this.commands.failed++;
	}
	streamOf(id: string): string {
		return `${this.model.name}-${id}`;
	}

	/** Resolves to the result or to the refusal; rejects on a failure. */
	command(name: string, params: { readonly id: string }, envelope: Envelope, consulting: Consulting): Promise<Done | Refusal> {
		const definition = this.model.commands[name];
		if (!definition) throw new Error(`${this.model.name} has no command ${name}`);
		return new Promise((resolve, reject) => {
			const job = new CommandJob(
				this,
				this.streamOf(params.id),
				{ name, definition: definition, params, envelope, consulting },
				resolve,
				reject,
			);
			const box = this.#mailboxes.get(job.stream);
			if (box) box.push(job);
			else {
				this.#mailboxes.set(job.stream, [job]);
				job.start();
			}
		});
	}

	/** Answers from the last acknowledged state without passing the mailbox; `map` gets state and version, or null for an unknown actor. */
	ask<T>(id: string, map: (actor: { readonly state: unknown; readonly version: number } | null) => T): Promise<T> {
		if (isAnswerStream(id)) return Promise.resolve(map(null)); // no actor has such an id
		return new Promise((resolve, reject) => {
			const job = new AskJob(this, this.streamOf(id), map, resolve, reject);
			this.writer(job.stream).submit(job);
		});
	}

	/** Starts the next command of the mailbox. */
	next(stream: string): void {
		const box = this.#mailboxes.get(stream);
		box?.shift();
		if (box?.[0]) box[0].start();
		else this.#mailboxes.delete(stream);
	}

	unknown(id: string): Refusal {
		return unknownActor(this.model, id);
	}

	get(stream: string): Actor | undefined {
		return this.#actors.get(stream);
	}
	get size(): number {
		return this.#actors.size;
	}

	// -- Memory: the interface the writer uses
	has(stream: string): boolean {
		if (isAnswerStream(stream)) return this.answers.has(stream);
		if (this.#actors.get(stream) === undefined) return false;
		this.cache.hits++;
		return true;
	}
	known(stream: string): number {
		return this.#begun.get(stream)?.version ?? 0;
	}
	load(stream: string, commits: readonly Commit[], whole: boolean): void {
		if (isAnswerStream(stream)) return this.answers.load(stream, commits);
		const begun = this.#begun.get(stream) ?? NEVER_WRITTEN;
		const actor = commits.reduce((so, commit) => this.#evolved(so, commit).actor, begun);
		if (!whole) return this.#begun.set(stream, actor);
		this.#begun.delete(stream);
		this.#actors.set(stream, actor);
		if (actor.version > 0) this.cache.misses++;
		else this.cache.blank++;
	}
	/** Keeps a long actor, so that the next read resumes from its version. */
	evict(stream: string): void {
		if (isAnswerStream(stream)) return this.answers.evict(stream);
		const actor = this.#actors.get(stream);
		this.#actors.delete(stream);
		if (actor && actor.version >= LONG) this.#begun.set(stream, actor);
	}
	clear(): void {
		this.#actors.clear();
		this.#begun.clear();
		this.answers.clear();
	}

	/** Moves the actor on after its commit has become durable. */
	landed(actor: Actor, commit: Commit): Done {
		this.commands.written++;
		const next = this.#evolved(actor, commit);
		this.#actors.set(commit.stream, next.actor);
		return next.done;
	}

	#evolved(actor: Actor, commit: Commit): { readonly actor: Actor; readonly done: Done } {
		const { facts, at } = decode(commit);
		if (commit.version !== actor.version)
			throw new StreamUnreadable(`${commit.stream}, at position ${commit.position},`, new Error(`it follows version ${actor.version}`));
		const next = evolve(this.model, actor.state, facts, at);
		const state = this.options.freeze ? frozen(next) : next;
		const remembered = this.remembered(commit);
		const commands = actor === NEVER_WRITTEN ? new CommandMemory() : actor.commands;
		commands.add(remembered, commit.version);
		const { done } = remembered;
		return { actor: { state, version: done.version, position: done.position, commands }, done };
	}

	remembered(commit: Commit): Remembered {
		const { facts, command } = decode(commit);
		const done: Done = {
			id: commit.stream.slice(this.model.name.length + 1),
			version: commit.version + facts.length,
			position: positionText(this.options.writer(commit.stream).log.name, commit.position),
			begun: facts.some(({ type }) => this.model.begins.includes(type)),
			replayed: false,
			written: true,
			answer: this.model.commands[command.name]?.answer?.(facts) ?? {},
		};
		return { id: command.id, digest: command.digest, done };
	}
}
