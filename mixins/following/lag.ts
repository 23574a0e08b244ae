/** Lag - how far a read model or process is behind its logs, by partition; read from its checkpoints if another node follows. */
import type { Service } from "moleculer";
import { decode } from "../../store/codec.ts";
import type { Follower } from "../../store/follow.ts";
import { checkpointOf, type Table } from "../../store/rows.ts";
import { EXAMINER } from "../access/may.ts";
import { failureError } from "../common/errors.ts";
import { logsOf } from "./following.ts";
import { storageOf } from "../logs/storage.ts";

/** One follower in one partition. */
export interface PartitionLag {
	/** `radar:0` */
	readonly partition: string;
	/** Commits it has handled. */
	readonly position: number;
	/** Commits in the partition. */
	readonly tail: number;
	readonly behind: number;
	/** Seconds since the oldest commit that is not handled was decided. */
	readonly seconds: number;
}
interface FollowedHere {
	readonly followers: readonly Follower[];
	readonly table: Pick<Table, "checkpoints">;
}

/** Its lag in every partition of the logs it follows. */
export function lagAction(contexts: readonly string[], of: (service: Service) => FollowedHere) {
	return {
		may: EXAMINER,
		async handler(this: Service): Promise<{ places: readonly PartitionLag[] }> {
			return placesOf(this, contexts, of(this)).then(
				(places) => ({ places }),
				(error: unknown) => Promise.reject(failureError(error)),
			);
		},
	};
}

async function placesOf({ broker }: Service, contexts: readonly string[], { followers, table }: FollowedHere): Promise<PartitionLag[]> {
	const logs = await logsOf(storageOf(broker), contexts);
	const checkpoints = await table.checkpoints();
	return Promise.all(
		logs.map(async ({ log }) => {
			const position = followers.find(({ name }) => name === log.name)?.position ?? checkpointOf(checkpoints, log.name).position;
			const tail = Math.max(position, (await log.tail()).position);
			const [oldest] = tail > position ? await log.read(position, 1) : [];
			const seconds = oldest ? Math.max(0, Date.now() - Date.parse(decode(oldest).at)) / 1000 : 0;
			return { partition: log.name, position, tail, behind: tail - position, seconds };
		}),
	);
}
