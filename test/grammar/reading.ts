/** Reading - runs the product's own folding on rows in memory: commits go in by a schedule, and rows come out as a reader sees them. */
import fc, { type Arbitrary } from "fast-check";
import { processTableOf } from "../../mixins/processes/rows.ts";
import { ProcessRunner } from "../../mixins/processes/runner.ts";
import { Projector, tableOf } from "../../mixins/read-models/projector.ts";
import type { Partitioned } from "../../mixins/following/following.ts";
import type { AnyProcess, AnyProjection, Instant } from "../../model/index.ts";
import { encode } from "../../store/codec.ts";
import type { Commit, Tail } from "../../store/log.ts";
import type { Row } from "../../store/rows.ts";
import { nodeTimers } from "../../mixins/common/timers.ts";
import { memoryVault } from "../support/memory-keys.ts";
import { MemoryTable } from "../support/memory-rows.ts";
import { modelOf } from "./everything.ts";
import type { Said } from "./lives.ts";
import { EMPTY, tailOf } from "../support/commits.ts";

/** The commits of one partition, in order. */
export interface Partition {
	readonly context: string;
	readonly number: number;
	readonly name: string;
	readonly commits: Commit[];
}
/** Decisions as logs; `by` assigns each stream to a partition of its context. */
export function logged(said: readonly Said[], by: (stream: string) => string): Partition[] {
	const partitions = new Map<string, Partition>();
	const versions = new Map<string, number>();
	for (const { service, id, facts, at } of said) {
		const stream = `${service}-${id}`;
		const { context } = modelOf(service);
		const key = `${context} ${by(stream)}`;
		const partition = partitions.get(key) ?? { context, number: partitions.size, name: `${context}:${partitions.size}`, commits: [] };
		const version = versions.get(stream) ?? 0;
		const body = encode({ facts, command: { name: "done", id: "command" }, by: "someone", at });
		partitions.set(key, partition);
		partition.commits.push({ position: partition.commits.length + 1, stream, version, body, hash: "" });
		versions.set(stream, version + facts.length);
	}
	return [...partitions.values()];
}

/** For each turn, the partition and the number of its commits to deliver. */
export type Schedule = readonly { readonly who: number; readonly many: number }[];
export const anySchedule: Arbitrary<Schedule> = fc.array(fc.record({ who: fc.nat(1000), many: fc.integer({ min: 1, max: 6 }) }), {
	maxLength: 80,
	size: "max",
});
/** Delivers all commits one by one. */
export const ONE_BY_ONE: Schedule = Array.from({ length: 1000 }, () => ({ who: 0, many: 1 }));

type Take = (of: Partitioned, commits: readonly Commit[], from: Tail) => Promise<unknown>;
async function deliver(partitions: readonly Partition[], schedule: Schedule, take: Take): Promise<void> {
	let left = partitions
		.map((partition) => ({ ...partition, commits: [...partition.commits], taken: EMPTY }))
		.filter(({ commits }) => commits.length > 0);
	const turns = [...schedule, ...left.map(() => ({ who: 0, many: Infinity }))];
	for (const { who, many } of turns) {
		const turn = left[who % left.length];
		if (!turn) return;
		const { context, number: partition, name, taken } = turn;
		const commits = turn.commits.splice(0, many);
		await take({ context, partition, log: { name } }, commits, taken);
		turn.taken = tailOf(commits);
		left = left.filter(({ commits }) => commits.length > 0);
	}
}

const EVERY = { filters: {}, sort: "id", descending: false, limit: Number.MAX_SAFE_INTEGER };

/** The rows of a projection: as stored, and as read at some instants. */
export async function readBy(
	projection: AnyProjection,
	partitions: readonly Partition[],
	schedule: Schedule,
	instants: readonly [Instant, ...Instant[]],
): Promise<Record<string, object>> {
	const table = new MemoryTable(tableOf(projection));
	let [now] = instants;
	const vault = memoryVault();
	await vault.ready();
	const projector = new Projector(projection, table, () => now, nodeTimers, vault);
	const followed = partitions.filter(({ context }) => projection.follows.includes(context));
	await deliver(followed, schedule, (...batch) => projector.take(...batch));
	const shownAt = (row: Row) =>
		instants.map((instant) => {
			now = instant;
			return projector.shown(row)?.row;
		});
	return Object.fromEntries((await projector.table.find(EVERY)).map((row) => [row.id, { data: row.data, shown: shownAt(row) }]));
}

/** The rows of a process whose commands are never answered. */
export async function knownTo(manager: AnyProcess, partitions: readonly Partition[], schedule: Schedule): Promise<Record<string, object>> {
	const table = new MemoryTable(processTableOf(manager));
	const runner = new ProcessRunner(manager, table, () => new Promise(() => undefined));
	const followed = partitions.filter(({ context }) => manager.follows.includes(context));
	await deliver(followed, schedule, (...batch) => runner.take(...batch));
	await runner.stop();
	const told = ({ data, columns }: Row) => ({ ...data, pending: undefined, columns: columns?.slice(0, 2) });
	return Object.fromEntries((await table.find(EVERY)).map((row) => [row.id, told(row)]));
}
