/**
 * Forgetting - destroys the keys of forgotten subjects: follows the logs whose facts can forget, on every node that hosts their actors. To
 * destroy a key twice changes nothing, so the place that it has reached is written rarely, and a lost or foreign place means the beginning.
 */
import { ForeignHistory } from "../../store/chain.ts";
import { forgottenIn } from "../../store/codec.ts";
import { anchored } from "../../store/follow.ts";
import { BEGINNING, type Commit, endsBefore, type LogPartition, type Tail } from "../../store/log.ts";
import { checkpointOf } from "../../store/rows.ts";
import type { Vault } from "../../store/vault/vault.ts";
import type { ContextLog } from "./context-log.ts";

/** The name of these followers in the metrics. */
export const FORGETTING = "forgetting";
/** Commits without a forgotten subject after which the place is written. */
const EVERY = 10_000;

/** Follows every partition of a log from where the vault has left off, without the keys of its commits. `stopped`: called if one cannot go on. */
export async function forgetAlong(log: ContextLog, vault: Vault, stopped: (error: Error) => void): Promise<void> {
	const progress = await vault.progress();
	await Promise.all(
		log.stored.map(async (partition) => {
			const from = await placeIn(partition, checkpointOf(progress, partition.name));
			let written = from.position;
			const take = async (commits: readonly Commit[], after: Tail): Promise<Tail> => {
				const subjects = commits.flatMap(forgottenIn);
				const { position, hash } = commits.at(-1) ?? after;
				if (subjects.length > 0) await vault.destroy(subjects);
				if (subjects.length > 0 || position - written >= EVERY) {
					await vault.advance(partition.name, { position, hash });
					written = position;
				}
				return { position, hash };
			};
			log.follow(partition, FORGETTING, { from, take, stopped });
		}),
	);
}

/** The place itself if the log still holds it, else the beginning: the log may have been restored or replaced. */
async function placeIn(log: LogPartition, at: Tail): Promise<Tail> {
	try {
		await anchored(log.name, (after, limit) => log.read(after, limit), at);
		return at;
	} catch (error) {
		if (error instanceof ForeignHistory || (await endsBefore(log, at.position))) return BEGINNING;
		throw error;
	}
}
