/** History - what one actor's stream can tell: all that was ever decided about it, and how it stood at any version or instant. */
import type { Context, Service } from "moleculer";
import { evolve } from "../../model/decide.ts";
import { type Instant, instant, integer, type Model, optional, type Refusal, refuse, rulesOf, UNKNOWN } from "../../model/index.ts";
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

/** Who keeps the streams, for one running service. */
type ActorsOf = (service: Service) => Actors;
/** How an actor stood: after `version` facts, the last of them decided `at` and stored at `position`. */
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
/** Characters of bodies beyond which a page ends early: what is answered must pass through every transport. */
const MOST_TEXT = 256 * 1024;
/** Commits folded between two turns of others. */
const PAGE = 500;

/** What was decided about one actor, readable, a page at a time; `version` is the one the page leads to, `next` leads on to the rest. */
export function historyAction(model: Model, actorsOf: ActorsOf) {
	const note: RouteNote = { kind: "read", of: model.name };
	return {
		rest: `GET /${model.plural}/:id/history`,
		note,
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
				return { position: positionText(name, commit.position), version: commit.version + facts.length, ...rest, facts, hash: commit.hash };
			});
			const version = rows.at(-1)?.version ?? from;
			return { id: of, version, rows, next: more ? cursorTo(stream, version) : null };
		},
	};
}

/** Opaque outside; of one stream alone. */
const cursorTo = (stream: string, version: number): string => Buffer.from(JSON.stringify([stream, version])).toString("base64url");
function fromIn(text: string, stream: string): number {
	const [, from] = /^\["[^"]*",(\d{1,15})\]$/.exec(Buffer.from(text, "base64url").toString()) ?? [];
	if (from !== undefined && cursorTo(stream, Number(from)) === text) return Number(from);
	throw invalid([
		{
			field: "after",
			message: "must be the next of an answer about the same",
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
 * How one actor stood: after so many facts, or with the decisions taken up to an instant; as it stands without either. It has no
 * route: a state may hold personal data, and what the public may see is a read model's to say.
 */
export function stateAction(actorsOf: ActorsOf) {
	return {
		params: {
			$$strict: true,
			id: soughtId,
			...rulesOf({ at: optional(instant()), version: optional(integer(0, Number.MAX_SAFE_INTEGER)) }),
		},
		async handler(this: Service, ctx: Context<Moment>): Promise<StateThen> {
			const { id: of, at, version } = ctx.params;
			if (at !== undefined && version !== undefined)
				throw invalid([{ field: "version", message: "must not be given with an instant", expected: "at or version", actual: version }]);
			const actors = actorsOf(this);
			if (isAnswerStream(of)) throw refusalError(actors.unknown(of));
			const { log } = actors.writer(actors.streamOf(of));
			const then = await stateThen(actors, of, { at, version }).catch((error: unknown) => Promise.reject(failureError(error)));
			return { id: of, ...then, position: positionText(log.name, then.position) };
		},
	};
}

/** The version a decision led to. */
const endOf = (commit: Commit): number => commit.version + decode(commit).facts.length;

/** What is folded of a stream so far: the state, and the last commit that led to it. */
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
		if ((at !== undefined && decided > at) || (version !== undefined && endOf(commit) > version)) break; // a clock set back later never leaves a hole
		state = evolve(model, state, facts, decided);
		last = commit;
		next = undefined;
	}
	if (!first) throw refusalError(actors.unknown(id));
	if (version !== undefined && version > 0 && (!last || endOf(last) !== version))
		throw refusalError(neverAt(model, id, version, last, next));
	if (!last) throw refusalError({ ...actors.unknown(id), detail: `There was no ${model.name} ${id} yet; it begins ${begin(first)}` });
	return { version: endOf(last), position: last.position, at: decode(last).at, state };
}
const begin = (first: Commit): string => `at version ${endOf(first)}, decided ${decode(first).at}`;

/** A decision is atomic: between two of its facts an actor never stood. */
function neverAt({ name }: Model, id: string, version: number, last: Commit | null, within: Commit | undefined): Refusal {
	const why = within ? `one decision led from ${within.version} to ${endOf(within)}` : `it stands at ${last ? endOf(last) : 0}`;
	return refuse("VERSION_UNKNOWN", 404, `The ${name} ${id} never stood at version ${version}: ${why}`);
}

/** A whole stream, in pages between which others have their turn. */
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
