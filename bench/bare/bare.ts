/** Bare - runs the bare http server in its own process. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Process } from "../rig/process.ts";
import { freePort, freshFolder } from "../rig/product.ts";

export interface Bare {
	readonly port: number;
	cpuSeconds(): number;
	stop(): Promise<unknown>;
}

/** Answers a GET with `row`, a POST with `done`. */
export async function bareHttp(row: string, done: string): Promise<Bare> {
	const folder = freshFolder("bare-http");
	const port = await freePort();
	const child = new Process(
		[join("bench", "bare", "bare-http.ts")],
		{ PORT: String(port), ROW: row, DONE: done },
		join(folder.path, "output"),
	);
	while (!child.output().includes("it listens")) {
		if (child.ended) throw new Error(`the bare server ended:\n${child.output()}`);
		await delay(20);
	}
	return { port, cpuSeconds: () => child.cpuSeconds(), stop: () => child.stop().finally(folder.remove) };
}
