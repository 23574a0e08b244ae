/** Stopping - what a signal does to a running node: it finishes what is under way, and ends in bounded time whatever hangs. */

/** Beyond the time services are given, in milliseconds. */
const LAST = 5000;

/** `grace`: how long services wait for what is under way, in milliseconds. */
export function stopOnSignals(stop: () => Promise<void>, grace: number): void {
	let stopping = false;
	for (const signal of ["SIGTERM", "SIGINT"] as const)
		process.on(signal, () => {
			if (stopping) return end(1, `${signal} again: Vigie ends at once`);
			stopping = true;
			const late = () => end(1, `Vigie did not stop within ${(grace + LAST) / 1000} s and ends now`);
			setTimeout(late, grace + LAST);
			stop().then(
				() => end(0, "Vigie has stopped"),
				(error: unknown) => end(1, `Vigie has stopped, but not as it should: ${String(error)}`),
			);
		});
}

/** What was acknowledged is on the disk, however a process ends. */
function end(code: number, line: string): void {
	console.log(line);
	process.exit(code);
}
