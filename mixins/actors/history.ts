/** History - reads one actor's stream: all decisions about the actor, and its state at any version or instant. */
import type { Context, Service } from "moleculer";
import { CODES } from "../common/codes.ts";
import { evolve } from "../../model/decide.ts";
import {
	type Instant,
	instant,
	integer,
	type Model,
	optional,
	type Refusal,
	refuse,
	rulesOf,
	UNKNOWN,
	withoutSecrets,
} from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import type { Commit } from "../../store/log.ts";
import { positionText } from "../../store/position.ts";
import type { Actors } from "./actors.ts";
import { assertHeld, seenPositions } from "../logs/seen-positions.ts";
import { storageOf } from "../logs/storage.ts";
import { isAnswerStream } from "../logs/answer-streams.ts";
import { failureError, invalid, refusalError } from "../common/errors.ts";
import { count, MAX_PAGE_SIZE, PAGE_SIZE, soughtId } from "../common/paging.ts";
import type { RouteNote } from "../common/routes.ts";
import { nodeTimers } from "../common/timers.ts";

/** The actors of one running service. */
type ActorsOf = (service: Service) => Actors;
/** An actor's state after `version` facts; the last of these facts was decided `at` and stored at `position`. */
export interface StateThen {
	readonly id: string;
	readonly version: number;
	readonly position: string;
	readonly at: Instant;
	readonly state: object;
}
interface Moment {
	readonly id: string;
	readonly at?: Instant;
	readonly version?: number;
}

interface Asked {
	readonly id: string;
	readonly pageSize?: number;
	readonly after?: string;
}
/** Characters of commit bodies after which a page ends early, because an answer must fit through every transport. */
const MOST_TEXT = 256 * 1024;
/** Commits folded before other work gets a turn. */
const PAGE = 500;

/** Decisions about one actor, in pages; `version` is the actor's version after the page, `next` the cursor of the next page or null. */
export function historyAction(model: Model, actorsOf: ActorsOf) {
	const note: RouteNote = { kind: "read", of: model.name };
	return {
		rest: `GET /${model.plural}/:id/history`,
		note,
		may: model.reads,
		params: { $$strict: true, id: soughtId, pageSize: count(MAX_PAGE_SIZE), after: { type: "string", min: 1, max: 2000, optional: true } },
		async handler(this: Service, ctx: Context<Asked, { position?: string }>) {
			const { position } = ctx.meta;
			if (position !== undefined) await assertHeld(storageOf(this.broker), seenPositions(position));
			const { id: of, pageSize = PAGE_SIZE, after } = ctx.params;
			const actors = actorsOf(this);
			const stream = actors.streamOf(of);
			if (isAnswerStream(of)) throw refusalError(actors.unknown(of)); // no actor has such an id
			const from = after === undefined ? 0 : fromIn(after, stream);
			const { name, commits, more } = await pageOf(actors, of, from, pageSize);
			const rows = commits.map((commit) => {
				const { facts, ...rest } = decode(commit);
				const shown = withoutSecrets(facts);
				return {
					position: positionText(name, commit.position),
					version: commit.version + facts.length,
					...rest,
					facts: shown,
					hash: commit.hash,
				};
			});
			const version = rows.at(-1)?.version ?? from;
			return { id: of, version, rows, next: more ? cursorTo(stream, version) : null };
		},
	};
}

/** An opaque cursor, valid only for its stream. */
const cursorTo = (stream: string, version: number): string => Buffer.from(JSON.stringify([stream, version])).toString("base64url");
function fromIn(text: string, stream: string): number {
	const [, from] = /^\["[^"]*",(\d{1,15})\]$/.exec(Buffer.from(text, "base64url").toString()) ?? [];
	if (from !== undefined && cursorTo(stream, Number(from)) === text) return Number(from);
	throw invalid([
		{
			field: "after",
			message: "must be the next of an answer about the same actor",
			expected: "the next of an answer",
			actual: text.slice(0, 100),
		},
	]);
}

async function pageOf(actors: Actors, id: string, from: number, pageSize: number) {
	const stream = actors.streamOf(id);
	const { log } = actors.writer(stream);
	const read = (at: number, limit: number) => log.stream(stream, at, limit).catch((error: unknown) => Promise.reject(failureError(error)));
	const found = await read(from, pageSize + 1);
	if (found.length === 0 && (from === 0 || (await read(0, 1)).length === 0)) throw refusalError(actors.unknown(id));
	let text = 0;
	const fitting = found.findIndex(({ body }, i) => (text += body.length) > MOST_TEXT && i > 0);
	const commits = found.slice(0, Math.min(pageSize, fitting < 0 ? pageSize : fitting));
	return { name: log.name, commits, more: commits.length < found.length };
}

/**
 * The state of one actor after `version` facts, or after the decisions up to an instant; the current state without either. It has
 * no route: a state may hold personal data, and only read models decide what the public may see.
 */
export function stateAction({ reads: may }: Model, actorsOf: ActorsOf) {
	return {
		may,
		params: {
			$$strict: true,
			id: soughtId,
			...rulesOf({ at: optional(instant()), version: optional(integer(0, Number.MAX_SAFE_INTEGER)) }),
		},
		async handler(this: Service, ctx: Context<Moment>): Promise<StateThen> {
			const { id: of, at, version } = ctx.params;
			if (at !== undefined && version !== undefined)
				throw invalid([{ field: "version", message: "cannot be combined with an instant", expected: "at or version", actual: version }]);
			const actors = actorsOf(this);
			if (isAnswerStream(of)) throw refusalError(actors.unknown(of));
			const { log } = actors.writer(actors.streamOf(of));
			const then = await stateThen(actors, of, { at, version }).catch((error: unknown) => Promise.reject(failureError(error)));
			return { id: of, ...then, state: Object(withoutSecrets(then.state)), position: positionText(log.name, then.position) };
		},
	};
}

/** The version after a decision. */
const endOf = (commit: Commit): number => commit.version + decode(commit).facts.length;

/** The state folded from a stream so far, and the last commit folded into it. */
interface Folded {
	readonly state: { readonly status: string };
	readonly last: Commit | null;
}
async function stateThen(actors: Actors, id: string, { at, version }: Omit<Moment, "id">) {
	const { model } = actors;
	let { state, last }: Folded = { state: UNKNOWN, last: null };
	let first: Commit | undefined;
	let next: Commit | undefined;
	for await (const commit of commitsOf(actors, id)) {
		first ??= commit;
		const { facts, at: decided } = decode(commit);
		next = commit;
		if ((at !== undefined && decided > at) || (version !== undefined && endOf(commit) > version)) break; // no gap, even if the clock was set back
		state = evolve(model, state, facts, decided);
		last = commit;
		next = undefined;
	}
	if (!first) throw refusalError(actors.unknown(id));
	if (version !== undefined && version > 0 && (!last || endOf(last) !== version))
		throw refusalError(neverAt(model, id, version, last, next));
	if (!last) throw refusalError({ ...actors.unknown(id), detail: `The ${model.name} ${id} did not exist yet; it begins ${begin(first)}` });
	return { version: endOf(last), position: last.position, at: decode(last).at, state };
}
const begin = (first: Commit): string => `at version ${endOf(first)}, decided ${decode(first).at}`;

/** A decision is atomic, so an actor never has a version between two facts of one decision. */
function neverAt({ name }: Model, id: string, version: number, last: Commit | null, within: Commit | undefined): Refusal {
	const why = within ? `one decision led from ${within.version} to ${endOf(within)}` : `it is at version ${last ? endOf(last) : 0}`;
	return refuse(CODES.VERSION_UNKNOWN, `The ${name} ${id} was never at version ${version}: ${why}`);
}

/** A whole stream, in pages; other work gets a turn between two pages. */
async function* commitsOf(actors: Actors, id: string): AsyncGenerator<Commit> {
	const stream = actors.streamOf(id);
	const { log } = actors.writer(stream);
	for (let page = await log.stream(stream, 0, PAGE); page.length > 0;) {
		yield* page;
		const last = page.at(-1);
		if (!last || page.length < PAGE) return;
		await new Promise<void>((resolve) => nodeTimers.soon(resolve));
		page = await log.stream(stream, endOf(last), PAGE);
	}
}
