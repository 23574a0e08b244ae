/** Backed up - the action of a log that backs up the whole store while nodes write to it; the folder is on the machine of this node. */
import { isAbsolute } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import type { Context, Service } from "moleculer";
import { CODES } from "../common/codes.ts";
import { OPERATOR, refuse } from "../../model/index.ts";
import type { Watch } from "../../store/backup/backup.ts";
import { asError } from "../../store/log.ts";
import { type BackedUp, BackupRefused } from "../../store/backup/manifest.ts";
import { failureError, invalid, refusalError } from "../common/errors.ts";
import { readBy } from "../cluster/leaving.ts";
import { type Storage, storageOf } from "./storage.ts";
import { nodeTimers } from "../common/timers.ts";

/** An item of the stream of `backup`: the progress at intervals, and the logs in the backup as the last one. */
export type BackupStep =
	{ readonly phase: Parameters<Watch>[0]; readonly done: number; readonly total: number } | { readonly logs: readonly BackedUp[] };

/** Milliseconds between two reports of progress. */
const TELL_EVERY = 100;

/**
 * Copies all logs to a new folder on the machine of the node that answers, and verifies the copy; resolves to a stream of BackupStep.
 * `key`: includes the private key. If the caller closes the stream, the backup ends and its folder is removed.
 */
export const backupAction = {
	may: OPERATOR,
	timeout: 0,
	params: { $$strict: true, folder: { type: "string", max: 4096 }, key: { type: "boolean", optional: true } },
	handler(this: Service, ctx: Context<{ readonly folder: string; readonly key?: boolean }>): Readable {
		const { folder, key = false } = ctx.params;
		if (!isAbsolute(folder)) throw invalid([{ field: "folder", message: "must be an absolute path", actual: folder }]);
		return readBy(ctx, written(storageOf(this.broker), folder, key));
	},
};

function written(storage: Storage, folder: string, privateKey: boolean): Readable {
	const steps = new PassThrough({ objectMode: true });
	const over = new AbortController();
	steps.once("close", () => over.abort(new BackupRefused("the backup was ended")));
	let [told, phase] = [0, ""];
	const watch: Watch = (now, done, total) => {
		if (now === phase && done < total && performance.now() - told < TELL_EVERY) return;
		[told, phase] = [performance.now(), now];
		steps.write({ phase: now, done, total } satisfies BackupStep);
	};
	storage
		.backUp({
			folder,
			privateKey,
			watch,
			signal: over.signal,
			now: () => new Date().toISOString(),
			turn: () => new Promise((resolve) => nodeTimers.soon(resolve)),
		})
		.then(
			(logs) => steps.end({ logs } satisfies BackupStep),
			(error: unknown) => steps.destroy(toldOf(error)),
		);
	return steps;
}
const toldOf = (error: unknown): Error =>
	error instanceof BackupRefused ? refusalError(refuse(CODES[error.code], error.message)) : failureError(asError(error));
