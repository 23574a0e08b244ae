/** Data folder - creates the data folder, and restricts access to its owner; a folder that also holds other files is only reported. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { isOpen, isShared, narrow, reportOf } from "../store/private.ts";

/** The file system creates it at the root of a disk. */
const LOST_AND_FOUND = "lost+found";

/** Creates the folder if it is missing; null if it can be read and written, else the problem. */
export function folderProblem(folder: string): string | null {
	try {
		makeFolder(folder);
		accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
		return null;
	} catch (error) {
		return `the folder cannot be made or written (${error instanceof Error && "code" in error ? String(error.code) : String(error)})`;
	}
}

/** Creates a folder and its parents. The `recursive` option of Node never returns on a file system without new folders (/proc). */
export function makeFolder(folder: string, mode = 0o700): void {
	if (existsSync(folder)) return;
	makeFolder(dirname(folder), 0o777);
	mkdirSync(folder, mode);
}

/**
 * Restricts the mode of the folder; returns warnings for the operator. `ours`: prefixes of the names that belong in it. A folder with other
 * files keeps its mode, since other programs may need it, such as the root of a disk.
 */
export function closeFolder(folder: string, ours: readonly string[]): string[] {
	const other = readdirSync(folder).find((name) => name !== LOST_AND_FOUND && !ours.some((own) => name.startsWith(own)));
	const shared = isShared(folder);
	if (other === undefined) return reportOf([narrow(folder, shared)]);
	if (!isOpen(folder, shared)) return [];
	return [`Others have access to ${folder}, which also holds ${other}: give Vigie a folder of its own, or chmod 700 this one`];
}
