/**
 * LoopMonitor - preloaded into the product (`NODE_OPTIONS=--import`), it records how much CPU the main thread uses between two turns of
 * the event loop. CPU time, unlike wall time, does not depend on the load of the machine.
 */
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const EVERY = 5;
/** Shorter blocks are not recorded, in milliseconds. */
const LEAST = 20;
const file = process.env["LOOP_MONITOR"];

if (isMainThread && file !== undefined) {
	const spent = (): number => {
		const { user, system } = process.threadCpuUsage();
		return (user + system) / 1000;
	};
	let last = spent();
	setInterval(() => {
		const now = spent();
		if (now - last > LEAST) appendFileSync(file, `${Math.round(now - last)}\n`);
		last = spent();
	}, EVERY).unref();
}
