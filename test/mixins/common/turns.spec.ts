/** Turns - one piece of work per round of the event loop, in order of arrival. */
import { expect, it } from "@jest/globals";
import { Turns } from "../../../mixins/common/turns.ts";

it("there is one turn per round, in order of arrival", async () => {
	const rounds: (() => void)[] = [];
	const turns = new Turns({ soon: (run) => void rounds.push(run) });
	const had: string[] = [];
	const ask = (who: string): void => void turns.next().then(() => had.push(who));
	const round = async (): Promise<void> => {
		for (const run of rounds.splice(0)) run();
		await null;
	};
	for (const who of ["a", "b", "c"]) ask(who);
	expect(rounds).toHaveLength(1);
	await round();
	expect(had).toEqual(["a"]);
	ask("d");
	for (let n = 0; n < 3; n++) await round();
	expect([had, rounds]).toEqual([["a", "b", "c", "d"], []]);
	ask("e");
	await round();
	expect(had.at(-1)).toBe("e");
});
