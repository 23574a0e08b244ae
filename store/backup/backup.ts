/**
 * Backup - a folder with the data that cannot be rebuilt: a snapshot of the logs, their signed heads, and the public keys to check them.
 * A backup is verified before it gets its manifest, and only its owner can read it.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { headsText, newestOf, published } from "../evidence/heads.ts";
import { keepKnown, keepPrivate, type Keyring } from "../evidence/keys.ts";
import { asError, type CopyWatch, type Head, type LogStore } from "../log.ts";
import { keysText } from "./keys.ts";
import type { KeyStore } from "../vault/key-store.ts";
import { writeMaster } from "../vault/master-key.ts";
import { type BackedUp, BackupRefused, digestOf, LAYOUT, manifestText, PARTIAL } from "./manifest.ts";
import { verify } from "../evidence/verify.ts";

/** Reports the progress of a backup or a restore. */
export type Watch = (phase: "copying" | "verifying" | "comparing", done: number, total: number) => void;

export interface BackupOptions {
	/** Absolute path; must be missing or empty. */
	readonly folder: string;
	readonly logs: LogStore;
	readonly keys: Keyring;
	/** The newest head of a partition kept outside the store. */
	readonly anchor: (partition: string) => Head | undefined;
	/** The keys of personal data, and the master keys as a text. */
	readonly vault?: Pick<KeyStore, "page"> & { readonly masters: string | null };
	/** Whether the backup includes the private key and the master key. */
	readonly privateKey: boolean;
	/** ISO-8601 UTC. */
	readonly now: () => string;
	/** Yields to the event loop. */
	readonly turn: () => Promise<void>;
	readonly watch: Watch;
	readonly signal: AbortSignal;
}

/** Rejects with BackupRefused or an error of the store, and removes all it has written. */
export async function backUp({ folder, ...options }: BackupOptions): Promise<readonly BackedUp[]> {
	if (options.privateKey && !options.keys.signing) throw new BackupRefused("there is no private key here to include");
	const made = prepared(folder);
	try {
		return await written(folder, options);
	} catch (error) {
		for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
		if (made) rmSync(folder, { recursive: true });
		throw error;
	}
}

const OTHERWISE = "back up this database with its own tools: docs/operations.md lists them";

/** Makes the folder if it is missing, and returns whether it did. */
function prepared(folder: string): boolean {
	try {
		const made = !existsSync(folder);
		if (made) mkdirSync(folder, { recursive: true, mode: 0o700 });
		if (readdirSync(folder).length === 0) return made;
	} catch (error) {
		throw new BackupRefused(`${folder} cannot be used: ${asError(error).message}`);
	}
	throw new BackupRefused(`${folder} is not empty: a backup needs a new or empty folder`);
}

async function written(folder: string, { logs, keys, vault, privateKey, now, watch, signal, ...options }: Omit<BackupOptions, "folder">) {
	const [file, at] = [join(folder, LAYOUT.log), now()];
	const partial = `${file}${PARTIAL}`;
	const watched = (phase: Parameters<Watch>[0]): CopyWatch => ({ advance: (done, total) => watch(phase, done, total), signal });
	const copy = await logs.copyTo?.(partial, watched("copying"));
	if (!copy) throw new BackupRefused(OTHERWISE);
	const [proven, installation] = await proof(copy, { ...options, keys: keys.known }, watched("verifying")).finally(() => copy.close());
	const content = await digestOf(partial, watched("comparing"), statSync(partial).size);
	renameSync(partial, file);
	put(
		join(folder, LAYOUT.heads),
		headsText(
			[...keys.known].map(published),
			proven.flatMap(({ head }) => head ?? []),
		),
	);
	keepKnown(join(folder, LAYOUT.keys), keys.known);
	if (privateKey && keys.signing) keepPrivate(join(folder, LAYOUT.keys), keys.signing.key);
	if (vault) put(join(folder, LAYOUT.vault), await keysText(vault)); // after the logs, so that no commit in them lacks its key
	if (privateKey && vault && vault.masters !== null) writeMaster(join(folder, LAYOUT.keys), vault.masters);
	const backedUp = proven.map(({ head: _, ...one }) => one);
	put(join(folder, LAYOUT.manifest), manifestText({ at, installation, ...content, logs: backedUp }));
	flush(folder);
	return backedUp;
}

type Checks = Pick<BackupOptions, "anchor" | "turn"> & { readonly keys: Keyring["known"] };
interface Proven extends BackedUp {
	readonly head: Head | undefined;
}
/** Verifies every partition; resolves to their ends and the installation. Rejects with BackupRefused at the first finding. */
export async function proof(
	store: LogStore,
	checks: Checks,
	{ advance, signal }: CopyWatch,
): Promise<readonly [readonly Proven[], string]> {
	const all = (await Promise.all([...(await store.contexts()).keys()].toSorted().map((context) => store.open(context)))).flat();
	const tails = await Promise.all(all.map((log) => log.tail()));
	const total = tails.reduce((sum, { position }) => sum + position, 0);
	const proven: Proven[] = [];
	let before = 0;
	for (const [i, log] of all.entries()) {
		for await (const step of verify(log, { keys: checks.keys, anchor: checks.anchor(log.name), turn: checks.turn })) {
			signal.throwIfAborted();
			if ("position" in step) {
				advance(before + step.position, total);
				continue;
			}
			const [first] = step.findings;
			if (first) throw new BackupRefused(`${first.code} at ${first.log}:${first.position}: ${first.detail}; run es-verify for details`);
			const { position: commits = 0, hash = "" } = tails[i] ?? {};
			const head = newestOf(await log.heads(), checks.keys);
			proven.push({ log: log.name, commits, hash, heads: step.heads, signed: step.signed, head });
			before += commits;
		}
	}
	return [proven, await store.installation()];
}

/** Writes a file atomically and flushes it to the disk. */
export function put(file: string, text: string): void {
	const beside = `${file}${PARTIAL}`;
	writeFileSync(beside, text, { mode: 0o600, flush: true });
	renameSync(beside, file);
}
/** Flushes the entries of a folder to the disk. */
export function flush(folder: string): void {
	const opened = openSync(folder, "r");
	fsyncSync(opened);
	closeSync(opened);
}
