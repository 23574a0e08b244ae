/** Damage - a data folder in several states; tests damage copies of it, and start a system on them. */
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { eventually, System, type Row } from "../../support/system.ts";
import { furnish, rowsOf } from "./machine.ts";
import { answered, caughtUp, noon, plate } from "../scenery.ts";

export const PASSAGES = 300;
const STATES = ["early", "whole", "killed"] as const;
/** `early`: stopped before most commands; `whole`: stopped after them; `killed`: killed, with the latest part of each file in its -wal. */
export type State = (typeof STATES)[number];

export class Damaged {
	readonly #folder = mkdtempSync(join(tmpdir(), "vigie-damage-"));
	#copy = "";
	#copies = 0;
	system = System.at("");
	/** The rows of every list before the damage. */
	rows: Row[][] = [];

	async prepare(): Promise<void> {
		const system = await System.start();
		try {
			const keep = (state: State): void => cpSync(system.dataDir, this.#of(state), { recursive: true });
			await furnish(system);
			await system.stop();
			keep("early");
			await system.up();
			const passages = Array.from({ length: PASSAGES }, (_, n) => ({
				id: `m-${n}`,
				radar: "m-radar",
				plate: plate(n),
				country: "FR",
				speedKmh: 150,
				capturedAt: noon,
			}));
			answered(200, await system.ndjson(passages));
			await caughtUp(system);
			await eventually(async () => expect(answered(200, await system.get("/infractions")).body.total).toBe(PASSAGES + 2));
			this.rows = await rowsOf(system);
			await system.kill();
			keep("killed");
			await system.up();
			await system.stop();
			keep("whole");
		} finally {
			await system.dispose();
		}
	}
	#of(state: State): string {
		return join(this.#folder, state);
	}

	/** Copies a state, and sets `system` to a system on the copy that is not started. */
	on(state: State): void {
		this.#copy = join(this.#folder, `copy-${this.#copies++}`);
		cpSync(this.#of(state), this.#copy, { recursive: true });
		chmodSync(this.#copy, 0o700); // a copy has the default mode
		this.system = System.at(this.#copy);
	}
	file(name: string): string {
		return join(this.#copy, name);
	}
	remove(...names: readonly string[]): void {
		for (const name of names) rmSync(this.file(name), { force: true, recursive: true });
	}
	putBack(from: State, ...names: readonly string[]): void {
		for (const name of names) cpSync(join(this.#of(from), name), this.file(name), { force: true });
	}
	async expectAllThere(): Promise<void> {
		await eventually(async () => expect(await rowsOf(this.system)).toEqual(this.rows));
	}
	async drop(): Promise<void> {
		await this.system.kill();
		rmSync(this.#copy, { recursive: true, force: true });
	}
	dispose(): void {
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

const WAL = ", with its -wal if the copy has one";
export const BACK = `Put back a copy of it${WAL}, and prove it with "npm run es -- verify"`;
export const ANEW = "move rows\\.db, its -wal and its -shm away and start again: it is rebuilt from events\\.db";
export const MISSING = `events\\.db ends at [a-z]+:0:\\d+, but rows\\.db was made from [a-z]+:0:\\d+: commits are missing\\. Put back the latest copy of events\\.db${WAL}; if this is the latest, what came after it is lost: ${ANEW}`;
export const refusal = (said: string): RegExp => new RegExp(`^DATA_DIR is ".+": ${said}\\n$`);
