/**
 * Loop monitor - loaded before the product (`NODE_OPTIONS=--import`), it writes down how much CPU its main thread used from one turn of the
 * event loop to the next: how long somebody else would have waited on a machine of one's own, however busy this one is.
 */
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const EVERY = 5;
/** Stretches of fewer milliseconds are nobody's matter. */
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
