/**
 * Restore - puts a backup into a data folder: copies it beside the existing files, compares it with its manifest, verifies it, then puts it
 * in place. A marker file keeps systems from starting until the restore has finished. Existing files are moved aside, never deleted.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { Anchors } from "../evidence/anchors.ts";
import { flush, proof, type Watch } from "./backup.ts";
import type { PublicKeys } from "../evidence/heads.ts";
import { keepKnown, keepPrivate, knownIn, signingKeyIn } from "../evidence/keys.ts";
import type { CopyWatch, Head, LogStore } from "../log.ts";
import type { KeptKey, KeyStore } from "../vault/key-store.ts";
import { keepMaster } from "../vault/master-key.ts";
import { addKeys, keysFrom } from "./keys.ts";
import { type BackedUp, BackupRefused, digestOf, LAYOUT, type Manifest, manifestIn } from "./manifest.ts";

/** A data folder and the names of the files in it. */
export interface DataFolder {
	readonly folder: string;
	readonly log: string;
	readonly rows: string;
	readonly keys: string;
	/** File name of the newest signed heads, in the folder of the keys. */
	readonly heads: string;
}
export interface RestoreOptions {
	/** The folder of the backup. */
	readonly from: string;
	readonly to: DataFolder;
	/** Whether existing files may be moved aside. */
	readonly replace: boolean;
	/** Trusted public keys in addition to those of the backup and of the data folder. */
	readonly trusted: PublicKeys;
	/** Describes another process that has the file open, or null. */
	readonly userOf: (file: string) => string | null;
	readonly open: (file: string) => LogStore;
	/** Opens the keys of personal data in a data folder. */
	readonly openKeys: (folder: string) => KeyStore;
	/** ISO-8601 UTC. */
	readonly now: () => string;
	readonly turn: () => Promise<void>;
	readonly watch: Watch;
	readonly signal: AbortSignal;
}
export interface Restored {
	/** Time of the backup, ISO-8601 UTC. */
	readonly at: string;
	readonly logs: readonly BackedUp[];
	/** Folder with the files that were moved aside; null if there were none. */
	readonly movedTo: string | null;
}

/** Suffix of a log that is being restored. */
const RESTORING = ".restoring";
/** Prefix of a folder with files that were moved aside. */
export const REPLACED = "replaced-";

/** The file that exists in a data folder until a restore to it has finished. */
export const restoringIn = ({ folder, log }: Pick<DataFolder, "folder" | "log">): string => join(folder, `${log}${RESTORING}`);

/** Rejects with BackupRefused, without changing the data folder, if the backup is damaged or may not be restored there. */
export async function restore(options: RestoreOptions): Promise<Restored> {
	const { from, to, replace, now } = options;
	const manifest = manifestIn(from);
	const log = join(to.folder, to.log);
	const refuseUser = (): void => {
		const user = options.userOf(log);
		if (user !== null) throw new BackupRefused(`${log} is in use by ${user}: stop the system first`);
	};
	refuseUser();
	const present = presentIn(to);
	if (present.length > 0 && !replace)
		throw new BackupRefused(`${to.folder} holds ${present.join(", ")}: with --replace they are moved aside, into a folder beside them`);
	const restoring = restoringIn(to);
	const unfinished = existsSync(restoring); // an earlier restore may already have moved the log aside, so its marker stays
	let heads: readonly Head[];
	let personal: readonly KeptKey[];
	try {
		personal = keysFrom(join(from, LAYOUT.vault));
		heads = await copied(options, manifest, restoring);
		refuseUser(); // checks again: the marker file now keeps new systems from starting
	} catch (error) {
		if (!unfinished) rmSync(restoring, { force: true });
		throw error;
	}
	const movedTo = present.length > 0 ? movedAside(to, now()) : null;
	await keysInPlace(from, to, heads);
	if (personal.length > 0) {
		const vault = options.openKeys(to.folder);
		await addKeys(personal, vault).finally(() => vault.close());
	}
	renameSync(restoring, log);
	flush(to.folder);
	return { at: manifest.at, logs: manifest.logs, movedTo };
}

/** Names of the files that a restore replaces. */
function presentIn({ folder, log, rows, keys, heads }: DataFolder): string[] {
	if (!existsSync(folder)) return [];
	const files = readdirSync(folder).filter(
		(name) => (name.startsWith(log) || name.startsWith(rows)) && !name.startsWith(`${log}${RESTORING}`),
	);
	return [...files, ...(existsSync(join(folder, keys, heads)) ? [join(keys, heads)] : [])];
}

/** Copies the log of the backup beside the existing one, compares it with the manifest and verifies it; resolves to its newest heads. */
async function copied({ from, to, trusted, open, turn, watch, signal }: RestoreOptions, manifest: Manifest, restoring: string) {
	const watched = (phase: Parameters<Watch>[0]): CopyWatch => ({ advance: (done, total) => watch(phase, done, total), signal });
	mkdirSync(to.folder, { recursive: true, mode: 0o700 });
	// otherwise the leftovers of a killed restore would be applied to this file
	for (const end of ["-wal", "-shm"]) rmSync(`${restoring}${end}`, { force: true });
	const file = openSync(restoring, "w", 0o600);
	try {
		const write = (piece: Buffer): void => {
			for (let left = piece; left.length > 0;) left = left.subarray(writeSync(file, left));
		};
		const { bytes, sha256 } = await digestOf(join(from, LAYOUT.log), watched("copying"), manifest.bytes, write);
		if (bytes !== manifest.bytes || sha256 !== manifest.sha256)
			throw new BackupRefused(`${join(from, LAYOUT.log)} is not the file its manifest describes: it was changed or cut`);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	const store = open(restoring);
	try {
		const keys = new Map([...trusted, ...knownIn(join(to.folder, to.keys)), ...knownIn(join(from, LAYOUT.keys))]);
		const [proven, installation] = await proof(store, { keys, anchor: () => undefined, turn }, watched("verifying"));
		const ends = (all: readonly BackedUp[]): string => JSON.stringify(all.map(({ log, commits, hash }) => [log, commits, hash]));
		if (ends(proven) !== ends(manifest.logs) || installation !== manifest.installation)
			throw new BackupRefused(`${join(from, LAYOUT.log)} does not end where its manifest says`);
		return proven.flatMap(({ head }) => head ?? []);
	} finally {
		await store.close();
	}
}

function movedAside(to: DataFolder, at: string): string {
	const aside = join(to.folder, `${REPLACED}${at.replaceAll(/[:.]/g, "-")}`);
	mkdirSync(aside, { mode: 0o700 });
	for (const name of presentIn(to)) renameSync(join(to.folder, name), join(aside, basename(name)));
	flush(aside);
	flush(to.folder);
	return aside;
}

/** Adds the public keys, adds the private key if there is none, and replaces the heads kept outside the log by those of this log. */
async function keysInPlace(from: string, { folder, keys, heads: kept }: DataFolder, heads: readonly Head[]): Promise<void> {
	const [backedUp, own] = [join(from, LAYOUT.keys), join(folder, keys)];
	keepKnown(own, knownIn(backedUp));
	const signing = signingKeyIn(backedUp);
	if (signing) keepPrivate(own, signing);
	keepMaster(backedUp, own);
	const anchors = new Anchors(join(own, kept), (reason) => {
		throw new BackupRefused(`the signed heads cannot be kept in ${join(own, kept)}: ${reason}`);
	});
	for (const head of heads) anchors.keep(head);
	await anchors.settled();
}
