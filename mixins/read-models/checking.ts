/** Checking - the action of a read model or process that compares its rows with the logs (row-check.ts). */
import { Readable } from "node:stream";
import type { Context, Service } from "moleculer";
import { EXAMINER } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import { refuse } from "../../model/index.ts";
import { refusalError } from "../common/errors.ts";
import { logsOf } from "../following/following.ts";
import { readBy } from "../cluster/leaving.ts";
import { type Checked, checkRows } from "./row-check.ts";
import { storageOf } from "../logs/storage.ts";
import { nodeTimers } from "../common/timers.ts";

/** Compares its rows with the logs; resolves to a stream of RowsChecking. `rows`: also fold every row in a separate table and compare it. */
export function checkAction(contexts: readonly string[], of: (service: Service) => Checked) {
	const checking = new WeakSet<Service>();
	return {
		may: EXAMINER,
		timeout: 0,
		params: { $$strict: true, rows: { type: "boolean", optional: true } },
		async handler(this: Service, ctx: Context<{ rows?: boolean }>) {
			const checked = of(this);
			if (checking.has(this)) throw refusalError(refuse(CODES.CHECK_RUNNING, `The rows of ${checked.name} are being checked on this node`));
			checking.add(this);
			const storage = storageOf(this.broker);
			try {
				const logs = await logsOf(storage, contexts);
				const options = {
					...checked,
					logs,
					rows: ctx.params.rows === true,
					store: storage.rows,
					timers: nodeTimers,
					clock: () => performance.now(),
				};
				const stream = Readable.from(checkRows(options), { objectMode: true });
				return readBy(
					ctx,
					stream.once("close", () => checking.delete(this)),
				);
			} catch (error) {
				checking.delete(this);
				throw error;
			}
		},
	};
}
