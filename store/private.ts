/** Private - restricts files and folders to their owner: narrows wider modes, and reports those that cannot be changed. */
import { chmodSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Windows has no POSIX modes. */
export const HAS_MODES = process.platform !== "win32";
const [GROUP, OTHERS, SETGID] = [0o070, 0o007, 0o2000];

export interface Narrowed {
	readonly path: string;
	/** The mode before and after; equal if it could not be changed. */
	readonly before: number;
	readonly after: number;
}

/** Removes access of others. Null if the path does not exist or is already private. `shared`: the group keeps its access. */
export function narrow(path: string, shared: boolean): Narrowed | null {
	if (!isOpen(path, shared)) return null;
	const before = modeOf(path);
	try {
		chmodSync(path, before & ~beyond(shared));
	} catch {
		// another user owns it, or the file system is read-only
	}
	return { path, before, after: modeOf(path) };
}

export const isOpen = (path: string, shared: boolean): boolean => (modeOf(path) & beyond(shared)) !== 0;
const beyond = (shared: boolean): number => (shared ? OTHERS : GROUP | OTHERS);

/** Zero if the path does not exist, or on a platform without modes. */
export const modeOf = (path: string): number => (HAS_MODES ? (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o7777 : 0);

/** Whether the platform shares this folder with one of this process's groups, as Kubernetes does with a volume (fsGroup). */
export function isShared(folder: string): boolean {
	const found = statSync(folder, { throwIfNoEntry: false });
	return HAS_MODES && found !== undefined && (found.mode & SETGID) !== 0 && groups().includes(found.gid);
}
const groups = (): readonly (number | undefined)[] => [process.getgid?.(), process.getegid?.(), ...(process.getgroups?.() ?? [])];

/** A file or folder and everything in it, without what symbolic links lead to; empty if it does not exist. */
export function treeOf(path: string): string[] {
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (found === undefined || found.isSymbolicLink()) return [];
	return [path, ...(found.isDirectory() ? namesIn(path).flatMap((name) => treeOf(join(path, name))) : [])];
}
/** Empty also for a folder of another user that cannot be read, or that was just removed. */
function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

export const isMended = (one: Narrowed | null): one is Narrowed => one !== null && one.before !== one.after;
/** A warning about a folder of another user than this process and root; null if there is none. */
export function ownerProblem(folder: string): string | null {
	const [owner, self] = [statSync(folder).uid, process.geteuid?.()];
	if (self === undefined || [self, ROOT].includes(owner)) return null;
	return `${folder} belongs to user ${owner}, and this process runs as user ${self}: the owner can read, change and replace everything in it. Run as its owner, or chown it`;
}
const ROOT = 0;

/** One line about the changed modes, and one about those that could not be changed. */
export function reportOf(all: readonly (Narrowed | null)[]): string[] {
	const mended = all.filter(isMended);
	const open = all.filter((one) => one !== null).filter((one) => !isMended(one));
	return [
		...(mended.length > 0 ? [`Others had access to ${mended.map(changeText).join(", ")}`] : []),
		...(open.length > 0
			? [`Others have access to ${open.map(openText).join(", ")}, and only the owner can change that: chmod go= it`]
			: []),
	];
}
const changeText = ({ path, before, after }: Narrowed): string => `${path} (mode ${octal(before)}, now ${octal(after)})`;
const openText = ({ path, after }: Narrowed): string => `${path} (mode ${octal(after)})`;
export const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
