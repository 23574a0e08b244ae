/** Stopping - stops a process on signals: a node finishes its work in progress, and exits after a limited time even if something hangs. */
import { readFileSync } from "node:fs";

/** Milliseconds for the rest of the shutdown, after the grace period of the services. */
const LAST = 5000;
/** npm forwards signals. If a terminal or supervisor signals both processes, the second signal arrives within so many milliseconds. */
const TWICE = 500;
/** Milliseconds between two checks whether npm still runs. */
const LOOK_EVERY = 1000;
/** Read as early as possible: the parent may end while this process starts. */
const PARENT = process.ppid;

/** Calls `first` on the first signal or when npm ends, and `again` on another signal. */
export function onStop(first: (why: string) => void, again: (why: string) => void = () => process.exit(1)): void {
	const byNpm = "npm_lifecycle_event" in process.env;
	let asked = -Infinity;
	const ask = (why: string): void => {
		if (asked === -Infinity) {
			asked = performance.now();
			return first(why);
		}
		if (!byNpm || performance.now() - asked > TWICE) again(why);
	};
	for (const signal of ["SIGTERM", "SIGINT", ...hangup()] as const) process.on(signal, ask);
	if (!byNpm) return;
	setInterval(() => process.ppid !== PARENT && asked === -Infinity && ask("npm has ended"), LOOK_EVERY).unref();
}

/** Handles SIGHUP unless the process was started to ignore it (nohup): a handler would undo that. */
function hangup(): readonly "SIGHUP"[] {
	try {
		const ignored = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "1";
		return (parseInt(ignored.slice(-1), 16) & 1) === 0 ? ["SIGHUP"] : [];
	} catch {
		return []; // a system without /proc
	}
}

/** `grace`: milliseconds that services wait for their work in progress. */
export function stopOnSignals(stop: () => Promise<void>, grace: number): void {
	onStop(
		() => {
			const late = () => end(1, `Vigie did not stop within ${(grace + LAST) / 1000} s and ends now`);
			setTimeout(late, grace + LAST);
			stop().then(
				() => end(0, "Vigie has stopped"),
				(error: unknown) => end(1, `Vigie has stopped with an error: ${String(error)}`),
			);
		},
		(why) => end(1, `${why} again: Vigie ends at once`),
	);
}

/** Exits at once: acknowledged commands are on the disk. */
function end(code: number, line: string): void {
	console.log(line);
	process.exit(code);
}
