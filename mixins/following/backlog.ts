/** Backlog - counts the commits that a read model or process has not processed, from the tails of its logs rather than from hints. */
import type { Service } from "moleculer";
import type { Follower } from "../../store/follow.ts";
import type { Backlog } from "../common/backlogs.ts";
import { storageOf } from "../logs/storage.ts";
import { logsOf } from "./following.ts";

export async function backlogOf(service: Service, follows: readonly string[], followers: readonly Follower[]): Promise<Backlog> {
	const logs = await logsOf(storageOf(service.broker), follows);
	const tails = await Promise.all(logs.map(({ log }) => log.tail()));
	let [due, tail] = [0, 0];
	for (const [i, { log }] of logs.entries()) {
		const { position = 0 } = tails[i] ?? {};
		tail += position;
		due += Math.max(0, position - (followers.find(({ name }) => name === log.name)?.position ?? 0));
	}
	return { name: service.name, onDuty: true, due, tail };
}
