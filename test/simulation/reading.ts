/** Reading - a client that reads its own write: it waits for the position in a read model on any node, then checks the rows. */
import type { Done } from "../../mixins/actors/envelope.ts";
import type { Touch } from "../../model/index.ts";
import { parsePositions } from "../../store/position.ts";
import { Past, type Told } from "./past.ts";
import type { World } from "./world.ts";

const PATIENCE = 5000;

export async function readBack(world: World, { position: text }: Done): Promise<void> {
	const { scheduler, nodes } = world;
	const positions = parsePositions(text) ?? {};
	const [[partition, position] = ["", 0]] = Object.entries(positions);
	const here = nodes
		.filter(({ life }) => life.alive)
		.flatMap((node) => [...node.projectors.values()].map((projector) => ({ node, projector })));
	const chosen = here[scheduler.chance.pick(here.length)];
	if (!chosen) return;
	const { node, projector } = chosen;
	const { name, on } = projector.projection;
	const ids = rowsOf(world, partition, position, on);
	const found = await world.call(null, node, `read ${ids.join(", ")} of ${name}`, async () => {
		if (!(await projector.until(positions, PATIENCE))) return null;
		await projector.refreshDue();
		return projector.table.load(ids);
	});
	if (found === "no answer" || found === null) return;
	scheduler.count("rows read back");
	for (const id of ids)
		if ((found.get(id)?.at[partition] ?? 0) < position)
			world.violated(
				"stale read",
				`${name} on ${node.name} claimed to have reached ${text}, but ${id} is ${JSON.stringify(found.get(id))}`,
			);
}

/** Ids of the rows that a commit changes. */
function rowsOf(world: World, name: string, position: number, on: Readonly<Record<string, unknown>>): string[] {
	const partition = [...world.partitions.values()].flat().find((one) => one.name === name);
	if (!partition) return [];
	const told = new Past([partition], world.scenario.models).facts.filter(({ origin }) => origin.position === position);
	return told.flatMap(({ type, data, origin }: Told) => {
		const handler = on[type];
		if (!handler) return [];
		return typeof handler === "function" ? [origin.id] : ((handler as Touch<object, unknown>).row(data, origin) ?? []); // typed in the projection's definition
	});
}
