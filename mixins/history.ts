/** History - what one actor's stream can tell: all that was ever decided about it, and how it stood at any version or instant. */
import type { Context, Service } from "moleculer";
import { evolve } from "../model/decide.ts";
import { type Instant, instant, integer, type Model, optional, type Refusal, refuse, rulesOf, UNKNOWN } from "../model/index.ts";
import { decode } from "../store/codec.ts";
import type { Commit } from "../store/log.ts";
import { positionText } from "../store/position.ts";
import type { Actors } from "./actors.ts";
import { failureError, invalid, refusalError } from "./errors.ts";
import { count, MAX_PAGE_SIZE, PAGE_SIZE, soughtId } from "./listing.ts";
import type { RouteNote } from "./routes.ts";

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

/** What was decided about one actor, readable, a page at a time; `version` is the one the page leads to, `next` leads on to the rest. */
export function historyAction(model: Model, actorsOf: ActorsOf) {
	const note: RouteNote = { kind: "read", of: model.name };
	return {
		rest: `GET /${model.plural}/:id/history`,
		note,
		params: { $$strict: true, id: soughtId, pageSize: count(MAX_PAGE_SIZE), after: { type: "string", min: 1, max: 2000, optional: true } },
		async handler(this: Service, ctx: Context<Asked>) {
			const { id: of, pageSize = PAGE_SIZE, after } = ctx.params;
			const actors = actorsOf(this);
			const stream = actors.streamOf(of);
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
export function stateAction(model: Model, actorsOf: ActorsOf) {
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
			const { name, commits } = await streamOf(actors, of);
			const taken = at !== undefined ? until(commits, at) : commits.filter((commit) => version === undefined || endOf(commit) <= version);
			const last = taken.at(-1);
			if (version !== undefined && version > 0 && (!last || endOf(last) !== version))
				throw refusalError(neverAt(model, of, version, commits));
			if (!last) throw refusalError({ ...actors.unknown(of), detail: `There was no ${model.name} ${of} yet; it begins ${begin(commits)}` });
			return {
				id: of,
				version: endOf(last),
				position: positionText(name, last.position),
				at: decode(last).at,
				state: replayed(model, taken),
			};
		},
	};
}

/** The version a decision led to. */
const endOf = (commit: Commit): number => commit.version + decode(commit).facts.length;
const begin = ([first]: readonly Commit[]): string => (first ? `at version ${endOf(first)}, decided ${decode(first).at}` : "");

/** A decision is atomic: between two of its facts an actor never stood. */
function neverAt({ name }: Model, id: string, version: number, commits: readonly Commit[]): Refusal {
	const within = commits.find((commit) => endOf(commit) > version);
	const why = within ? `one decision led from ${within.version} to ${endOf(within)}` : `it stands at ${commits.map(endOf).at(-1) ?? 0}`;
	return refuse("VERSION_UNKNOWN", 404, `The ${name} ${id} never stood at version ${version}: ${why}`);
}

async function streamOf(actors: Actors, id: string): Promise<{ readonly name: string; readonly commits: readonly Commit[] }> {
	const stream = actors.streamOf(id);
	const { log } = actors.writer(stream);
	const commits = (await log.streams([stream]).catch((error: unknown) => Promise.reject(failureError(error)))).get(stream);
	if (!commits) throw refusalError(actors.unknown(id));
	return { name: log.name, commits };
}

/** Those before the first decision taken later: a clock set back in between never leaves a hole in what is replayed. */
function until(commits: readonly Commit[], at: Instant): readonly Commit[] {
	const later = commits.findIndex((commit) => decode(commit).at > at);
	return later < 0 ? commits : commits.slice(0, later);
}

const replayed = (model: Model, commits: readonly Commit[]): object =>
	commits.reduce<{ readonly status: string }>((state, commit) => {
		const { facts, at } = decode(commit);
		return evolve(model, state, facts, at);
	}, UNKNOWN);
