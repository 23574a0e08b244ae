/** Data folder - made for its owner alone, and kept so; one that holds other things as well is only reported. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { isOpen, isShared, narrow, reportOf } from "../store/private.ts";

/** Made by the file system itself at the root of a disk. */
const LOST_AND_FOUND = "lost+found";

/** Null when it is there, or made now, and can be written. */
export function folderProblem(folder: string): string | null {
	try {
		makeFolder(folder);
		accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
		return null;
	} catch (error) {
		return `the folder cannot be made or written (${error instanceof Error && "code" in error ? String(error.code) : String(error)})`;
	}
}

/** Folder by folder: node's own recursive way never ends where a file system takes no folders at all (/proc). */
export function makeFolder(folder: string, mode = 0o700): void {
	if (existsSync(folder)) return;
	makeFolder(dirname(folder), 0o777);
	mkdirSync(folder, mode);
}

/**
 * Lines for the operator. `ours`: how the names of what belongs in it begin. A folder that holds anything else keeps its mode, for it may
 * be one that others need, such as the root of a disk.
 */
export function closeFolder(folder: string, ours: readonly string[]): string[] {
	const other = readdirSync(folder).find((name) => name !== LOST_AND_FOUND && !ours.some((own) => name.startsWith(own)));
	const shared = isShared(folder);
	if (other === undefined) return reportOf([narrow(folder, shared)]);
	if (!isOpen(folder, shared)) return [];
	return [`Others have access to ${folder}, which also holds ${other}: give Vigie a folder of its own, or chmod 700 this one`];
}
