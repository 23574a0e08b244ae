/**
 * Machine - what happens to the machine a system runs on, done for real: its disk fills up, its folder or files can no longer be
 * written, bytes of a file change. What this machine or this user cannot do is told, so that its tests are skipped and not passed.
 */
import { execFileSync } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

/** Whether a command does what it says, here and for us. */
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

/** No file of the child grows beyond so many bytes; raised and lowered while it runs. Every Linux can. */
export const limited = (bytes: number): readonly string[] => [
	"bash",
	"-c",
	'ulimit -S -f "$0" && exec "$@"',
	String(Math.floor(bytes / 1024)),
];
export const limit = (pid: number, bytes: number | "unlimited"): void => void run("prlimit", "--pid", String(pid), `--fsize=${bytes}:`);
export const CAN_LIMIT = process.platform === "linux" && can(() => limit(process.pid, "unlimited"));

/** A file system of a size of its own. */
export class Disk {
	readonly path = mkdtempSync(join(tmpdir(), "vigie-disk-"));

	constructor(size: string) {
		run("mount", "-t", "tmpfs", "-o", `size=${size},mode=0777`, "vigie-test", this.path);
	}
	resize(size: string): void {
		run("mount", "-o", `remount,size=${size}`, this.path);
	}
	/** Takes no writes any more, or does again; only while nothing on it is open. */
	readOnly(): void {
		run("mount", "-o", "remount,ro", this.path);
	}
	writable(): void {
		run("mount", "-o", "remount,rw", this.path);
	}
	/** Takes all that is left. */
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

/** Nobody may change the file any more, not even who has it open. */
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
	if (!holds) throw new Error("a frozen file takes writes");
});

/** Somebody who is not root, for modes mean something to them: who runs the tests, or nobody. */
export const PLAIN_USER: { readonly uid?: number } = process.getuid?.() === 0 ? { uid: 65_534 } : {};
const START = fileURLToPath(new URL("../../cli/start.ts", import.meta.url).href);
/** Whether they can read what is to be run. */
export const CAN_BE_PLAIN = can(
	() => void execFileSync(process.execPath, ["-e", `require("node:fs").readFileSync(${JSON.stringify(START)})`], PLAIN_USER),
);
/** A folder of theirs. */
export function plainFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "vigie-plain-"));
	if (PLAIN_USER.uid !== undefined) chownSync(folder, PLAIN_USER.uid, PLAIN_USER.uid);
	return folder;
}

export const PAGE = 4096;
/** Other bytes over part of a file, the same each time. */
export function scribble(file: string, from: number, length: number): void {
	const open = openSync(file, "r+");
	writeSync(open, Buffer.from(Array.from({ length }, (_, i) => (i * 197 + 71) & 0xff)), 0, length, from);
	closeSync(open);
}
/** Where a text stands among the rows of a table, and not among what is left of old pages. */
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
/** Other bytes of the same length at a place. */
export function overwrite(file: string, place: number, by: string): void {
	const open = openSync(file, "r+");
	writeSync(open, by, place);
	closeSync(open);
}
/** Only the first bytes stay. */
export const cut = (file: string, length: number): void => writeFileSync(file, readFileSync(file).subarray(0, length));
export const sizeOf = (file: string): number => statSync(file).size;
