/** Following - the logs that a projection or process follows on a node, and its health. */
import type { Follower } from "../../store/follow.ts";
import type { LogPartition } from "../../store/log.ts";
import type { ContextLog } from "../logs/context-log.ts";
import type { Storage } from "../logs/storage.ts";

/** Names of a partition of a context's log. */
export interface Partitioned {
	readonly context: string;
	readonly partition: number;
	readonly log: Pick<LogPartition, "name">;
}
/** A partition, and the context's log on this node through which it is followed. */
export interface Followed extends Partitioned {
	readonly log: LogPartition;
	readonly contextLog: ContextLog;
}

export async function logsOf(storage: Storage, contexts: readonly string[]): Promise<Followed[]> {
	const logs = await Promise.all(contexts.map(async (context) => ({ context, contextLog: await storage.context(context) })));
	return logs.flatMap(({ context, contextLog }) =>
		contextLog.partitions.map((log, partition) => ({ context, partition, log, contextLog })),
	);
}

export interface Health {
	readonly name: string;
	readonly ready: boolean;
	/** Why it is not ready. */
	readonly reason?: string;
	/** Commits handled, by partition. */
	readonly positions: Readonly<Record<string, number>>;
	/** Known commits that are not handled yet. */
	readonly lag: number;
}
/** Consecutive failures from which on a follower counts as stuck. */
const PATIENCE = 5;

/** Progress of the followers of one read model or process, and whether one of them has stopped or is stuck. */
export function healthOf(name: string, followers: readonly Follower[]): Health {
	const reason = whyNot(name, followers);
	return {
		name,
		ready: reason === null,
		...(reason === null ? {} : { reason }),
		positions: Object.fromEntries(followers.map(({ name: partition, position }) => [partition, position])),
		lag: lagOf(followers),
	};
}

/** Commits that are known and not processed yet. */
export const lagOf = (followers: readonly Follower[]): number =>
	followers.reduce((lag, { known, position }) => lag + Math.max(0, known - position), 0);

function whyNot(name: string, followers: readonly Follower[]): string | null {
	const stopped = followers.find(({ error }) => error !== null);
	if (stopped) return `${name} has stopped after ${stopped.name}:${stopped.position}: ${stopped.error?.message}`;
	const stuck = followers.find(({ trouble }) => (trouble?.times ?? 0) >= PATIENCE);
	return stuck ? `${name} cannot go on after ${stuck.name}:${stuck.position}: ${stuck.trouble?.reason}` : null;
}
