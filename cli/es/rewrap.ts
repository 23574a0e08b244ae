/** Rewrap - es-rewrap wraps the keys of personal data by a new master key; the logs do not change. */
import { catalogueOf } from "./system.ts";
import type { Command } from "./command.ts";

export const esRewrap: Command = {
	name: "es-rewrap",
	description:
		"Wraps all keys of personal data by the first master key in MASTER_KEY, so that the others are not needed any more; logs and rows do not change",
	example: "es-rewrap",
	needs: "logs",
	args: [],
	options: {},
	async run(_given, system, out) {
		const [keeper] = (await catalogueOf(system)).keeperOf.values();
		const { rewrapped } = await system.call<{ readonly rewrapped: number }>(`${keeper}.rewrap`);
		out.give({ rewrapped }, () => `${rewrapped} keys are wrapped by the first master key now; the others already were`);
		return 0;
	},
};
