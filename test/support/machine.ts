/**
 * Machine - causes real faults of the machine: a full disk, a folder or file that cannot be written, changed bytes of a file. Faults that
 * this machine or user cannot cause are reported, so that their tests are skipped instead of passed.
 */
import { execFileSync } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

/** Whether an action works for this user on this machine. */
function can(attempt: () => void): boolean {
	try {
		attempt();
		return true;
	} catch {
		return false;
	}
}
const run = (file: string, ...args: readonly string[]): string =>
	execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Command prefix that limits the size of a child's files; the limit can be changed later. Works on every Linux. */
export const limited = (bytes: number): readonly string[] => [
	"bash",
	"-c",
	'ulimit -S -f "$0" && exec "$@"',
	String(Math.floor(bytes / 1024)),
];
export const limit = (pid: number, bytes: number | "unlimited"): void => void run("prlimit", "--pid", String(pid), `--fsize=${bytes}:`);
export const CAN_LIMIT = process.platform === "linux" && can(() => limit(process.pid, "unlimited"));

/** A separate file system with a fixed size. */
export class Disk {
	readonly path = mkdtempSync(join(tmpdir(), "vigie-disk-"));

	constructor(size: string) {
		run("mount", "-t", "tmpfs", "-o", `size=${size},mode=0777`, "vigie-test", this.path);
	}
	resize(size: string): void {
		run("mount", "-o", `remount,size=${size}`, this.path);
	}
	/** Makes the file system read-only, or writable again; only while no file on it is open. */
	readOnly(): void {
		run("mount", "-o", "remount,ro", this.path);
	}
	writable(): void {
		run("mount", "-o", "remount,rw", this.path);
	}
	/** Uses all free space. */
	fill(): void {
		const file = openSync(join(this.path, "ballast"), "a");
		try {
			for (const piece of [1 << 20, 4096]) while (can(() => void writeSync(file, Buffer.alloc(piece))));
		} finally {
			closeSync(file);
		}
	}
	free(): void {
		rmSync(join(this.path, "ballast"), { force: true });
	}
	remove(): void {
		run("umount", "-l", this.path);
		rmSync(this.path, { recursive: true, force: true });
	}
}
export const CAN_MOUNT = can(() => new Disk("1m").remove());

/** Makes files immutable, even for processes that have them open. */
export const freeze = (...files: readonly string[]): void => void run("chattr", "+i", ...files);
export const thaw = (...files: readonly string[]): void => void run("chattr", "-i", ...files);
export const CAN_FREEZE = can(() => {
	const folder = mkdtempSync(join(tmpdir(), "vigie-frozen-"));
	const file = join(folder, "file");
	const open = openSync(file, "w");
	freeze(file);
	const holds = !can(() => void writeSync(open, "x"));
	thaw(file);
	closeSync(open);
	rmSync(folder, { recursive: true });
	if (!holds) throw new Error("a frozen file accepts writes");
});

/** A user to whom file modes apply: the current one, or uid 65534 for root. */
export const PLAIN_USER: { readonly uid?: number } = process.getuid?.() === 0 ? { uid: 65_534 } : {};
const START = fileURLToPath(new URL("../../cli/start.ts", import.meta.url).href);
/** Whether that user can read the program. */
export const CAN_BE_PLAIN = can(
	() => void execFileSync(process.execPath, ["-e", `require("node:fs").readFileSync(${JSON.stringify(START)})`], PLAIN_USER),
);
/** A folder owned by that user. */
export function plainFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "vigie-plain-"));
	if (PLAIN_USER.uid !== undefined) chownSync(folder, PLAIN_USER.uid, PLAIN_USER.uid);
	return folder;
}

export const PAGE = 4096;
/** Overwrites part of a file with fixed bytes. */
export function scribble(file: string, from: number, length: number): void {
	const open = openSync(file, "r+");
	writeSync(open, Buffer.from(Array.from({ length }, (_, i) => (i * 197 + 71) & 0xff)), 0, length, from);
	closeSync(open);
}
/** Offset of a text in the current pages of a table, not in unused pages. */
export function placeOf(file: string, table: string, text: string): number {
	const db = new DatabaseSync(file, { readOnly: true });
	const pages = db.prepare("SELECT pgoffset FROM dbstat WHERE name = ? AND pagetype = 'leaf'").all(table);
	db.close();
	const bytes = readFileSync(file);
	for (const { pgoffset } of pages) {
		const place = bytes.subarray(Number(pgoffset), Number(pgoffset) + PAGE).indexOf(text);
		if (place >= 0) return Number(pgoffset) + place;
	}
	throw new Error(`${table} in ${file} does not hold ${text}`);
}
/** Overwrites bytes at an offset. */
export function overwrite(file: string, place: number, by: string): void {
	const open = openSync(file, "r+");
	writeSync(open, by, place);
	closeSync(open);
}
/** Truncates a file. */
export const cut = (file: string, length: number): void => writeFileSync(file, readFileSync(file).subarray(0, length));
export const sizeOf = (file: string): number => statSync(file).size;
