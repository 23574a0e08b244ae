/**
 * Move - the same logs and rows in another store: copied through the contracts alone, so between any two; gone on with where it
 * stopped; compared in the end. Nobody may write to either side meanwhile: that the source moved is seen, and said.
 */
import { isDeepStrictEqual } from "node:util";
import type { LogStore } from "../log.ts";
import type { RowStore } from "../rows.ts";
import { LogsMove, type MovedLog, type Proof } from "./logs.ts";
import { type Kept, type MovedRows, RowsMove } from "./rows.ts";
import { MoveRefused, MoveUnfinished, type Watch } from "./terms.ts";

export interface Place {
	readonly logs: LogStore;
	readonly rows: RowStore;
}
export interface MoveOptions extends Kept, Proof {
	readonly from: Place;
	readonly to: Place;
	readonly watch: Watch;
}
/** What stands on both sides, compared. */
export interface Moved {
	readonly logs: readonly MovedLog[];
	readonly rows: readonly MovedRows[];
}

/** Rejects with MoveRefused, PartitionsFixed, MoveUnfinished or what the stores say; each time it can be run again. */
export async function move({ from, to, watch, ...options }: MoveOptions): Promise<Moved> {
	const logs = new LogsMove(from.logs, to.logs);
	const rows = new RowsMove(from.rows, to.rows, options);
	const reached = await logs.check();
	await rows.check(reached);
	const installation = await from.logs.installation();
	const begun = [...reached.values()].some((position) => position > 0);
	if (begun && (await to.logs.installation()) !== installation) throw new MoveRefused("the target belongs to another installation");
	await to.logs.setMoving(true); // whoever starts on it from here on is told
	await to.logs.adoptInstallation(installation);
	await to.rows.adoptInstallation(installation);
	await logs.open();
	const before = await logs.tails();
	const moving = async () => !isDeepStrictEqual(before, await logs.tails());
	const pass = async () => {
		await logs.copy(watch); // rows never rest on what is not there
		await rows.copy(watch);
	};
	await pass();
	if (await moving()) {
		await pass();
		throw written();
	}
	const moved = { logs: await logs.verified(watch, options), rows: await rows.verified(watch) };
	if (await moving()) throw written();
	await to.logs.setMoving(false);
	return moved;
}

const written = (): MoveUnfinished => new MoveUnfinished("somebody wrote to the source meanwhile: stop who does");
