/** Stopping - how a process of ours is asked to stop, and how a node does: it finishes what is under way, and ends in bounded time whatever hangs. */
import { readFileSync } from "node:fs";

/** Beyond the time services are given, in milliseconds. */
const LAST = 5000;
/** npm passes a signal on to what it runs. Where both got it, from a terminal or a supervisor, it comes twice within this, in milliseconds. */
const TWICE = 500;
/** How often a process that npm runs looks whether npm is still there, in milliseconds. */
const LOOK_EVERY = 1000;
/** As early as can be: it may end before this process has started. */
const PARENT = process.ppid;

/** Calls `first` when the process is asked to stop by a signal or by the end of npm, and `again` when it is asked once more. */
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

/** The end of a terminal stops what runs in it, unless it was started to outlive it (nohup): hearing the signal would undo that. */
function hangup(): readonly "SIGHUP"[] {
	try {
		const ignored = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "1";
		return (parseInt(ignored.slice(-1), 16) & 1) === 0 ? ["SIGHUP"] : [];
	} catch {
		return []; // a system that does not say so
	}
}

/** `grace`: how long services wait for what is under way, in milliseconds. */
export function stopOnSignals(stop: () => Promise<void>, grace: number): void {
	onStop(
		() => {
			const late = () => end(1, `Vigie did not stop within ${(grace + LAST) / 1000} s and ends now`);
			setTimeout(late, grace + LAST);
			stop().then(
				() => end(0, "Vigie has stopped"),
				(error: unknown) => end(1, `Vigie has stopped, but not as it should: ${String(error)}`),
			);
		},
		(why) => end(1, `${why} again: Vigie ends at once`),
	);
}

/** What was acknowledged is on the disk, however a process ends. */
function end(code: number, line: string): void {
	console.log(line);
	process.exit(code);
}
