/** Bound - child processes that end with their test, however it ends, and a way to kill one of them. */
import type { ChildProcess } from "node:child_process";
import { onPath } from "./mongo.ts";

/** Prefix of the command; empty where there is no such tool, and children then end only with a regular end of the test. */
export const bound: readonly string[] = onPath("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];

/** Sends SIGKILL; resolves when the process has ended. */
export async function killed(child: ChildProcess): Promise<void> {
	const gone = new Promise((resolve) => child.once("exit", resolve));
	child.kill("SIGKILL");
	await gone;
}
