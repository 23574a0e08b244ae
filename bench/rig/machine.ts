/** Machine - describes the machine of a measurement, without which a figure means nothing. Contains no names of hosts or folders. */
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
	/** Time to append 4 KiB to a file and flush it to the disk. */
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

/** The load average of the last minute, including all other processes. */
export const load = (): number => cents(loadavg()[0] ?? Number.NaN);
