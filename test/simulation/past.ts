/** Past - a plain replay of the logs, against which all checks compare. */
import { evolve } from "../../model/decide.ts";
import { type Fact, type Instant, type Model, type Origin, UNKNOWN } from "../../model/index.ts";
import { chained } from "../../store/chain.ts";
import type { Recorded } from "../../store/log.ts";
import type { Kept, Partition } from "./log.ts";

type State = { readonly status: string };
/** One commit of one stream. */
export interface Happened {
	readonly kept: Kept;
	readonly recorded: Recorded;
	readonly partition: string;
	/** Number of facts in the stream including this commit. */
	readonly version: number;
}
/** `states[n]` is the state after n commits; `commits[n]` leads from `states[n]` to `states[n + 1]`. */
export interface Stream {
	readonly stream: string;
	readonly model: Model;
	readonly id: string;
	readonly commits: Happened[];
	readonly states: State[];
}
export interface Told {
	readonly type: string;
	readonly data: unknown;
	readonly id: string;
	readonly version: number;
	readonly at: Instant;
	readonly origin: Origin;
}

export class Past {
	readonly streams = new Map<string, Stream>();
	/** All facts of all logs, one partition after the other. */
	readonly facts: Told[] = [];
	/** Defects of the logs themselves. */
	readonly flaws: string[] = [];

	constructor(partitions: Iterable<Partition>, models: readonly Model[]) {
		for (const { name, kept } of partitions) this.#read(name, kept, models);
	}
	/** The stream of an actor; an unknown actor has no commits. */
	of(model: Model, id: string): Stream {
		const stream = `${model.name}-${id}`;
		return this.streams.get(stream) ?? { stream, model, id, commits: [], states: [UNKNOWN] };
	}

	#read(partition: string, all: readonly Kept[], models: readonly Model[]): void {
		let hash = "";
		for (const [place, kept] of all.entries()) {
			const { commit } = kept;
			if (commit.position !== place + 1) this.flaws.push(`${partition}: ${commit.position} is stored at ${place + 1}`);
			if (commit.hash !== chained(hash, commit.stream, commit.version, commit.body))
				this.flaws.push(`${partition}[${commit.position}] does not fit the chain`);
			hash = commit.hash;
			this.#add(partition, kept, models);
		}
	}
	#add(partition: string, kept: Kept, models: readonly Model[]): void {
		const { commit } = kept;
		const cut = commit.stream.indexOf("-");
		const [service, id] = [commit.stream.slice(0, cut), commit.stream.slice(cut + 1)];
		const model = models.find(({ name }) => name === service);
		if (!model) return void this.flaws.push(`${commit.stream} belongs to no model`);
		const stream = this.of(model, id);
		this.streams.set(commit.stream, stream);
		const stands = stream.commits.at(-1)?.version ?? 0;
		if (commit.version !== stands)
			this.flaws.push(`${partition}[${commit.position}] has version ${commit.version} of ${commit.stream}, not ${stands}`);
		const recorded = JSON.parse(commit.body) as Recorded; // our own bodies
		const version = stands + recorded.facts.length;
		stream.commits.push({ kept, recorded, partition, version });
		stream.states.push(evolve(model, stream.states.at(-1) ?? UNKNOWN, recorded.facts, recorded.at));
		const [log = "", number = ""] = partition.split(":");
		const { at, by } = recorded;
		const facts: readonly Fact[] = recorded.facts;
		const origin: Origin = { log, partition: Number(number), position: commit.position, service, id, version, at, by, facts };
		for (const { type, data } of facts) this.facts.push({ type, data, id, version, at, origin });
	}
}
