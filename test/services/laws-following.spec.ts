/** Laws of following - for every projection and process, neither batch boundaries nor the order between streams changes the result. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { referenceFacts } from "../../model/index.ts";
import { models, processes, projections } from "../grammar/everything.ts";
import { anyLife, live, saidIn } from "../grammar/lives.ts";
import { anySchedule, knownTo, logged, ONE_BY_ONE, readBy } from "../grammar/reading.ts";
import { day } from "../grammar/words.ts";

const INSTANTS = [day(1), day(7), day(400)] as const;
const anySaid = anyLife.map((orders) => saidIn(live(orders)));
const together = () => "";
const apart = (stream: string) => stream;
const runs = { numRuns: 120 };

describe.each(projections.map((projection) => [projection.name, projection] as const))("the rows of %s", (_name, projection) => {
	it("do not depend on batch boundaries", () =>
		fc.assert(
			fc.asyncProperty(anySaid, anySchedule, async (said, schedule) => {
				const logs = logged(said, together);
				const rows = await readBy(projection, logs, schedule, INSTANTS);
				expect(rows).toEqual(await readBy(projection, logs, ONE_BY_ONE, INSTANTS));
				expect(rows).toEqual(await readBy(projection, logs, [], INSTANTS));
			}),
			runs,
		));
	it("do not depend on the order between streams", () =>
		fc.assert(
			fc.asyncProperty(anySaid, anySchedule, async (said, schedule) => {
				const logs = logged(said, apart);
				expect(await readBy(projection, logs, schedule, INSTANTS)).toEqual(await readBy(projection, logs, ONE_BY_ONE, INSTANTS));
			}),
			runs,
		));
	it("have the version of their actor, also if they count facts of others", () =>
		fc.assert(
			fc.asyncProperty(anySaid, anySchedule, async (said, schedule) => {
				const rows = await readBy(projection, logged(said, together), schedule, INSTANTS);
				const own = said.filter(({ service }) => service === projection.of);
				for (const id of new Set(own.map((one) => one.id))) {
					const version = own.filter((one) => one.id === id).reduce((sum, { facts }) => sum + facts.length, 0);
					expect(rows[id]).toMatchObject({
						shown: [
							{ id, version },
							{ id, version },
							{ id, version },
						],
					});
				}
			}),
			runs,
		));
	it("fold facts that a command records, in a log that they follow", () => {
		const told = models.filter(({ context }) => projection.follows.includes(context)).flatMap(({ evolve }) => Object.keys(evolve));
		for (const fact of Object.keys(projection.on)) expect(told).toContain(fact);
		for (const context of projection.follows) expect(models.map((model) => model.context)).toContain(context);
		expect(models.map(({ name, plural }) => `${name} ${plural}`)).toContain(`${projection.of} ${projection.name}`);
	});
});

describe.each(processes.map((manager) => [manager.name, manager] as const))("what %s knows", (_name, manager) => {
	it("does not depend on batch boundaries or on the order between streams", () =>
		fc.assert(
			fc.asyncProperty(anySaid, anySchedule, fc.constantFrom(together, apart), async (said, schedule, by) => {
				const logs = logged(said, by);
				expect(await knownTo(manager, logs, schedule)).toEqual(await knownTo(manager, logs, ONE_BY_ONE));
			}),
			runs,
		));
	it("comes from facts that a command records, in a log that it follows", () => {
		const told = models.filter(({ context }) => manager.follows.includes(context)).flatMap(({ evolve }) => Object.keys(evolve));
		const { start, continue: later } = manager.subjects;
		for (const fact of [...Object.keys({ ...start, ...later }), ...referenceFacts(manager)]) expect(told).toContain(fact);
	});
});
