/** Manifest - the layout of a backup and the file that describes its content; written last, so that an interrupted backup has none. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CopyWatch } from "../log.ts";

/** File names in a backup: the logs, the heads as a text to keep elsewhere, the keys of personal data, the public keys, the manifest. */
export const LAYOUT = {
	log: "events.db",
	heads: "heads.txt",
	vault: "personal-keys.jsonl",
	keys: "keys",
	manifest: "manifest.json",
} as const;
const FORMAT = "vigie-backup 1";

export interface Manifest {
	readonly format: typeof FORMAT;
	/** Time of the backup, ISO-8601 UTC. */
	readonly at: string;
	/** Id of the installation that owns the logs. */
	readonly installation: string;
	/** Size of the log file, and its digest as sha256sum prints it. */
	readonly bytes: number;
	readonly sha256: string;
	readonly logs: readonly BackedUp[];
}
/** The end of one partition. */
export interface BackedUp {
	/** `<log>:<partition>` */
	readonly log: string;
	readonly commits: number;
	readonly hash: string;
	/** Number of signed heads, and their highest position. */
	readonly heads: number;
	readonly signed: number;
}
/** A backup cannot be made or restored; the message is one line with the reason. */
export class BackupRefused extends Error {
	readonly code = "BACKUP_REFUSED";
}

export const manifestText = (manifest: Omit<Manifest, "format">): string =>
	`${JSON.stringify({ format: FORMAT, ...manifest }, null, "\t")}\n`;

/** Reads the manifest of a backup; throws BackupRefused if the folder is not a complete backup. */
export function manifestIn(folder: string): Manifest {
	const file = join(folder, LAYOUT.manifest);
	if (!existsSync(folder)) throw new BackupRefused(`there is no folder ${folder}`);
	if (!existsSync(file))
		throw new BackupRefused(
			existsSync(join(folder, `${LAYOUT.log}${PARTIAL}`))
				? `the backup in ${folder} was cut off: it has no ${LAYOUT.manifest}`
				: `${folder} is no backup: it has no ${LAYOUT.manifest}`,
		);
	try {
		const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest; // bytes come in here
		if (manifest.format === FORMAT && FIELDS.every(([field, type]) => typeof manifest[field] === type) && manifest.logs.every(isWhole))
			return manifest;
	} catch {
		// reported below
	}
	throw new BackupRefused(`${file} is damaged, or of another version`);
}
/** Suffix of files that are still being written. */
export const PARTIAL = ".partial";
const FIELDS = [
	["at", "string"],
	["installation", "string"],
	["bytes", "number"],
	["sha256", "string"],
	["logs", "object"],
] as const;
const isWhole = ({ log, commits, hash }: BackedUp): boolean =>
	typeof log === "string" && typeof commits === "number" && typeof hash === "string";

/** Size and digest of a file. `each` receives the chunks as they are read. */
export async function digestOf(
	file: string,
	{ advance, signal }: CopyWatch,
	total: number,
	each: (piece: Buffer) => void = () => undefined,
) {
	const digest = createHash("sha256");
	let bytes = 0;
	const pieces = createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>; // a stream without an encoding yields buffers
	for await (const piece of pieces) {
		signal.throwIfAborted();
		digest.update(piece);
		each(piece);
		advance((bytes += piece.length), total);
	}
	return { bytes, sha256: digest.digest("hex") };
}
