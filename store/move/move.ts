/**
 * Move - copies logs and rows to another store, and compares both sides at the end. It uses only the store contracts, so it works between
 * any two stores, and it resumes an interrupted copy. No process may write to either side meanwhile; writes to the source are detected.
 */
import { isDeepStrictEqual } from "node:util";
import type { LogStore } from "../log.ts";
import type { RowStore } from "../rows.ts";
import type { KeyStore } from "../vault/key-store.ts";
import { copyKeys } from "./keys.ts";
import { LogsMove, type MovedLog, type Proof } from "./logs.ts";
import { type Kept, type MovedRows, RowsMove } from "./rows.ts";
import { MoveRefused, MoveUnfinished, type Watch } from "./terms.ts";

export interface MoveEnd {
	readonly logs: LogStore;
	readonly rows: RowStore;
	/** The keys of the personal data in logs and rows. */
	readonly vault: KeyStore;
}
export interface MoveOptions extends Kept, Proof {
	readonly from: MoveEnd;
	readonly to: MoveEnd;
	readonly watch: Watch;
}
/** The logs and rows that are equal on both sides. */
export interface Moved {
	readonly logs: readonly MovedLog[];
	readonly rows: readonly MovedRows[];
}

/** Rejects with MoveRefused, PartitionsFixed, MoveUnfinished or an error of a store; it can always be run again. */
export async function move({ from, to, watch, ...options }: MoveOptions): Promise<Moved> {
	const logs = new LogsMove(from.logs, to.logs);
	const rows = new RowsMove(from.rows, to.rows, options);
	const reached = await logs.check();
	await rows.check(reached);
	const installation = await from.logs.installation();
	const begun = [...reached.values()].some((position) => position > 0);
	if (begun && (await to.logs.installation()) !== installation) throw new MoveRefused("the target belongs to another installation");
	await to.logs.setMoving(true); // from here on, a system that starts on the target stops with MoveBegun
	await to.logs.adoptInstallation(installation);
	await to.rows.adoptInstallation(installation);
	await logs.open();
	const before = await logs.tails();
	const moving = async () => !isDeepStrictEqual(before, await logs.tails());
	const pass = async () => {
		await copyKeys(from.vault, to.vault, watch); // before the commits that need them
		await logs.copy(watch); // first, so that rows never depend on missing commits
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

const written = (): MoveUnfinished => new MoveUnfinished("another process wrote to the source during the move: stop it");
