/** Manifest - the layout of a backup, and the small file that says what has to be in it: written last, so that a backup that was cut off has none. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CopyWatch } from "../log.ts";

/** Names in the folder of a backup: the logs, the heads as a text for somebody else to keep, the public keys. */
export const LAYOUT = { log: "events.db", heads: "heads.txt", keys: "keys", manifest: "manifest.json" } as const;
const FORMAT = "vigie-backup 1";

export interface Manifest {
	readonly format: typeof FORMAT;
	/** When it was made, ISO-8601 UTC. */
	readonly at: string;
	/** Id of the installation whose logs these are. */
	readonly installation: string;
	/** Of the file with the logs; the digest as sha256sum prints it. */
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
	/** Signed heads, and the highest position of one. */
	readonly heads: number;
	readonly signed: number;
}
/** A backup cannot be made, or is none that can be restored; one line says why. */
export class BackupRefused extends Error {
	readonly code = "BACKUP_REFUSED";
}

export const manifestText = (manifest: Omit<Manifest, "format">): string =>
	`${JSON.stringify({ format: FORMAT, ...manifest }, null, "\t")}\n`;

/** Throws BackupRefused for a folder that is no whole backup. */
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
		// told below
	}
	throw new BackupRefused(`${file} is damaged, or of another version`);
}
/** Ends the name of a file that is being written. */
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

/** Size and digest of a file. `each`: takes the pieces as they are read. */
export async function digestOf(
	file: string,
	{ advance, signal }: CopyWatch,
	total: number,
	each: (piece: Buffer) => void = () => undefined,
) {
	const digest = createHash("sha256");
	let bytes = 0;
	const pieces = createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>; // without an encoding it gives bytes
	for await (const piece of pieces) {
		signal.throwIfAborted();
		digest.update(piece);
		each(piece);
		advance((bytes += piece.length), total);
	}
	return { bytes, sha256: digest.digest("hex") };
}
