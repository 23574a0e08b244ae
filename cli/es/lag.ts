/** Lag - es-lag: the lag of every read model and process behind its logs, and those that have stopped. */
import type { Health } from "../../mixins/following/following.ts";
import type { PartitionLag } from "../../mixins/following/lag.ts";
import { type Command, whole } from "./command.ts";
import { escaped } from "../common/output.ts";
import { columns, paint } from "./out.ts";
import { catalogueOf, type System } from "./system.ts";

/** Default of `--most`: seconds a commit may wait before the exit code is 1. */
const MOST = 60;

export const esLag: Command = {
	name: "es-lag",
	description: "The lag of every read model and process behind its logs, in commits and in seconds, and which ones have stopped and why",
	example: "es-lag --most 10",
	needs: "followers",
	args: [],
	options: { most: { value: "seconds", description: `exit code 1 if a commit has waited longer; ${MOST} by default` } },
	async run({ options }, system, out) {
		const most = options["most"] === undefined ? MOST : whole("--most", options["most"], 0);
		const { followers } = await catalogueOf(system);
		const all = await Promise.all(followers.map((name) => followerOf(system, name)));
		const places = all.flatMap(({ name, places: own }) => own.map((place) => ({ name, ...place })));
		const late = places.filter(({ seconds }) => seconds > most);
		const stopped = all.flatMap(({ name, reason }) => (reason === null ? [] : [{ name, reason }]));
		const logs = tailsOf(places);
		out.give({ logs, places, stopped }, () =>
			[
				columns(
					["log", "commits"],
					logs.map(({ partition, tail }) => [partition, tail]),
				),
				"",
				columns(
					["follows", "log", "position", "behind", "seconds"],
					places.map(({ name, partition, position, behind, seconds }) => [name, partition, position, behind, seconds]),
				),
				...late.map(({ name, partition, seconds }) => `${paint("yellow", "late")} ${name} in ${partition}: ${seconds} s behind`),
				...stopped.map(({ name, reason }) => `${paint("red", "stopped")} ${name}: ${escaped(reason)}`),
			].join("\n"),
		);
		return stopped.length + late.length > 0 ? 1 : 0;
	},
};

async function followerOf({ call }: System, name: string) {
	const [{ places }, { ready, reason }] = await Promise.all([
		call<{ places: readonly PartitionLag[] }>(`${name}.lag`),
		call<Health>(`${name}.health`),
	]);
	return { name, places, reason: ready ? null : (reason ?? "it is not ready") };
}

/** The end of each followed partition. */
function tailsOf(places: readonly PartitionLag[]): readonly { readonly partition: string; readonly tail: number }[] {
	const tails = new Map<string, number>();
	for (const { partition, tail } of places) tails.set(partition, Math.max(tail, tails.get(partition) ?? 0));
	return [...tails].map(([partition, tail]) => ({ partition, tail })).toSorted((a, b) => (a.partition < b.partition ? -1 : 1));
}
