/** Backup - es-backup makes a verified copy of all logs in a separate folder while the system runs; es-restore restores one. */
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { BackupStep } from "../../mixins/logs/backed-up.ts";
import { publicKeysOf } from "../../store/evidence/heads.ts";
import type { BackedUp } from "../../store/backup/manifest.ts";
import { restore } from "../../store/backup/restore.ts";
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { dataFolder, openLog, userOf } from "../move/place.ts";
import { keyStoreOf } from "../../node/stores.ts";
import { escaped } from "../common/output.ts";
import { completed, SettingsError } from "../../node/settings.ts";
import type { Command, OfflineCommand } from "./command.ts";
import { columns, type Out } from "./out.ts";
import { Phases } from "./phases.ts";
import { catalogueOf } from "./system.ts";

export const esBackup: Command = {
	name: "es-backup",
	description:
		"Copies all logs as of one moment to a separate folder while the system runs, with their signed heads and public keys, and verifies the copy",
	example: "es-backup /backups/2026-03-01",
	needs: "logs",
	args: [{ name: "folder" }],
	options: {
		key: {
			description:
				"also copies the private key that signs the heads, and the master key: their holder can sign in the name of this system, and read personal data",
		},
	},
	async run({ args: [folder = ""], flags }, system, out) {
		const keepers = [...(await catalogueOf(system)).keeperOf.values()];
		await Promise.all(keepers.map((keeper) => system.call(`${keeper}.heads`))); // makes each log sign its latest commits first
		const path = resolve(folder);
		const logs = await backedUp(await system.call<Readable>(`${keepers[0]}.backup`, { folder: path, key: flags.has("key") }), out);
		out.give({ folder: path, logs }, () => `${tableOf(logs)}\nbacked up and verified: ${escaped(path)}`);
		return 0;
	},
};

async function backedUp(stream: Readable, out: Out): Promise<readonly BackedUp[]> {
	const phases = new Phases(out);
	const end = (): void => void stream.destroy();
	out.enough.addEventListener("abort", end, { once: true });
	try {
		const steps = stream.iterator() as AsyncIterable<BackupStep>; // the item type of backed-up.ts
		for await (const step of steps)
			if ("logs" in step) return step.logs;
			else phases.watch(step.phase, step.done, step.total);
		throw new Error(UNFINISHED);
	} catch (error) {
		throw out.enough.aborted ? new Error(UNFINISHED) : error;
	} finally {
		out.enough.removeEventListener("abort", end);
		await phases.close();
	}
}
const UNFINISHED = "the backup was interrupted, and its files were removed";

const tableOf = (logs: readonly BackedUp[]): string =>
	columns(
		["log", "commits", "heads", "signed up to"],
		logs.map(({ log, commits, heads, signed }) => [log, commits, heads, signed]),
	);

export const esRestore: OfflineCommand = {
	name: "es-restore",
	description: "Verifies a backup and puts it into DATA_DIR; stop the system first. The next start rebuilds the read models",
	example: "es-restore /backups/2026-03-01",
	args: [{ name: "folder" }],
	options: { replace: { description: "moves the content of DATA_DIR to a folder beside it; nothing is deleted" } },
	async run({ args: [folder = ""], flags }, out) {
		const { DATA_DIR, MONGO_URL, TRUSTED_KEYS = "" } = completed(process.env);
		if (MONGO_URL)
			throw new SettingsError("MONGO_URL is set: a backup is restored to a data folder, and npm run move copies it from there");
		const [from, to] = [resolve(folder), dataFolder(resolve(DATA_DIR || ENVIRONMENT.DATA_DIR.default))];
		const phases = new Phases(out);
		const over = new AbortController();
		out.enough.addEventListener("abort", () => over.abort(new Error("the restore was interrupted, and nothing was changed")), {
			once: true,
		});
		const restored = await restore({
			from,
			to,
			replace: flags.has("replace"),
			trusted: publicKeysOf(TRUSTED_KEYS),
			userOf,
			open: openLog,
			openKeys: (dataDir) => keyStoreOf({ dataDir }),
			now: () => new Date().toISOString(),
			turn: () => turn(),
			watch: phases.watch,
			signal: over.signal,
		}).finally(() => phases.close());
		const { at, logs, movedTo } = restored;
		const aside = movedTo === null ? "" : `\nthe previous content is in ${escaped(movedTo)}`;
		out.give({ folder: to.folder, ...restored }, () => `${tableOf(logs)}\nrestored as of ${escaped(at)}: ${escaped(to.folder)}${aside}`);
		return 0;
	},
};
