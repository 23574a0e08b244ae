/** Machine - what a figure was measured on: without it a figure says nothing. No names of hosts or folders. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { freshFolder } from "./product.ts";
import { cents, quantile } from "./quantile.ts";

export interface Machine {
	readonly cpus: number;
	readonly model: string;
	readonly memoryGb: number;
	readonly platform: string;
	readonly node: string;
	/** Of 4 KiB appended to a file and brought to the disk. */
	readonly fsyncMs: { readonly p50: number; readonly p99: number };
}

const flushes = 300;

function fsyncMs(): Machine["fsyncMs"] {
	const folder = freshFolder("fsync");
	const path = join(folder.path, "file");
	const file = openSync(path, "w");
	const page = Buffer.alloc(4_096, 1);
	const took = Array.from({ length: flushes }, () => {
		const begun = performance.now();
		writeSync(file, page);
		fsyncSync(file);
		return performance.now() - begun;
	});
	closeSync(file);
	rmSync(path);
	folder.remove();
	return { p50: cents(quantile(took, 0.5)), p99: cents(quantile(took, 0.99)) };
}

export const machine = (): Machine => ({
	cpus: availableParallelism(),
	model: cpus()[0]?.model.trim() || "unknown model",
	memoryGb: Math.round(totalmem() / 2 ** 30),
	platform: `${process.platform} ${process.arch}`,
	node: process.version,
	fsyncMs: fsyncMs(),
});

/** How busy the machine is, with whatever else runs on it: the load average of the last minute. */
export const load = (): number => cents(loadavg()[0] ?? Number.NaN);
