/** Operators - an operator who retries or drops parked work, possibly twice or without success. */
import { isRefusal } from "../../model/index.ts";
import { INTERVENTIONS } from "../../mixins/processes/interventions.ts";
import type { World } from "./world.ts";

/** Handles one piece of parked work of one process on one node. */
export async function meddle(world: World, commandId: string): Promise<void> {
	const { scheduler, nodes, scenario } = world;
	const { chance } = scheduler;
	if (!scenario.models.some(({ context }) => context === INTERVENTIONS.log)) return;
	const here = nodes.filter(({ life }) => life.alive).flatMap((node) => [...node.runners.values()].map((runner) => ({ node, runner })));
	const chosen = here[chance.pick(here.length)];
	if (!chosen) return;
	const { node, runner } = chosen;
	const parked = await world.call(null, node, "what is parked", () => runner.parking.list());
	if (parked === "no answer") return;
	const work = parked[chance.pick(parked.length)];
	if (!work?.row.parked) return;
	if (chance.pick(2) === 0) {
		scheduler.count("parked work retried");
		scheduler.say(() => `an operator retries ${work.id} on ${node.name}`);
		await world.call(null, node, "retry", () => runner.parking.retry(work.id));
		return;
	}
	const { command, action, code, attempts } = work.row.parked;
	const said = { process: runner.process.name, work: work.id, action, code, detail: "-", attempts, reason: "it is too much" };
	const to = world.placed("intervention", command);
	const at = new Date(scheduler.now).toISOString();
	const params = { id: command, ...said };
	world.noted(commandId, { service: "intervention", name: "drop", params });
	const answer = await world.call(null, to, "drop", (deadline) =>
		to.actorsOf("intervention").command("drop", params, { commandId, by: "a person", at, deadline }, to.consulting),
	);
	if (answer === "no answer" || isRefusal(answer)) return;
	scheduler.count("parked work dropped");
	scheduler.say(() => `an operator has dropped ${command}: ${answer.position}`);
}
