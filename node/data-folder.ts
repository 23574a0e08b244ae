/**
 * Data folder - creates the data folder, and restricts it and its files to their owner; a folder that also holds other files keeps its mode,
 * and is reported.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isOpen, isShared, narrow, reportOf, treeOf } from "../store/private.ts";

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

/** The names of the system in a data folder. */
interface OwnNames {
	/** Prefixes of the names that belong in the folder. */
	readonly ours: readonly string[];
	/** The one of them that is left out, since its modes decide whether its content can be used. */
	readonly except: string;
}
/**
 * Restricts the folder and the files of the system in it to their owner; returns warnings for the operator. A folder with other files keeps
 * its mode, since other programs may need it, such as the root of a disk.
 */
export function closeFolder(folder: string, { ours, except }: OwnNames): string[] {
	const names = readdirSync(folder).filter((name) => name !== LOST_AND_FOUND);
	const isOurs = (name: string): boolean => ours.some((own) => name.startsWith(own));
	const other = names.find((name) => !isOurs(name));
	const files = names.filter((name) => isOurs(name) && name !== except).flatMap((name) => treeOf(join(folder, name)));
	const shared = isShared(folder);
	const narrowed = reportOf([...(other === undefined ? [folder] : []), ...files].map((path) => narrow(path, shared)));
	if (other === undefined || !isOpen(folder, shared)) return narrowed;
	return [...narrowed, `Others have access to ${folder}, which also holds ${other}: give Vigie a folder of its own, or chmod 700 this one`];
}
