/** ActorFigures - the metrics of one actor kind. */
import type { Actors } from "./actors.ts";
import type { Give } from "../common/metric-names.ts";

export function actorFigures(service: string, { size, cache, commands, refusals }: Actors, give: Give): void {
	let refused = 0;
	for (const [code, count] of refusals) {
		refused += count;
		give("vigie_refusals_total", count, { service, code });
	}
	for (const [outcome, count] of Object.entries({ ...commands, refused })) give("vigie_commands_total", count, { service, outcome });
	give("vigie_actor_cache_actors", size, { service });
	give("vigie_actor_cache_hits_total", cache.hits, { service });
	give("vigie_actor_cache_misses_total", cache.misses, { service });
	give("vigie_actor_cache_new_total", cache.blank, { service });
}
