/** Held - measures how long the event loop is blocked, in milliseconds of CPU time, so that the load of the machine does not matter. */

/** Runs the work; resolves to the longest block between two turns of the event loop, and to the CPU time of all of it. */
export async function longestHold(work: () => Promise<unknown>): Promise<{ readonly longest: number; readonly total: number }> {
	const spent = (): number => {
		const { user, system } = process.threadCpuUsage();
		return (user + system) / 1000;
	};
	let longest = 0;
	const begun = spent();
	let running = true;
	const watching = (async () => {
		for (let last = spent(); running;) {
			await new Promise((resolve) => setImmediate(resolve));
			const now = spent();
			longest = Math.max(longest, now - last);
			last = now;
		}
	})();
	await work().finally(() => (running = false));
	await watching;
	return { longest, total: spent() - begun };
}
