/** Bound - processes of a test that do not outlive it, however it ends, and how one of them dies. */
import type { ChildProcess } from "node:child_process";
import { onPath } from "./mongo.ts";

/** Goes before the command; where there is no such thing, the ordinary end has to do. */
export const bound: readonly string[] = onPath("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];

/** As kill -9; resolves when it is gone. */
export async function killed(child: ChildProcess): Promise<void> {
	const gone = new Promise((resolve) => child.once("exit", resolve));
	child.kill("SIGKILL");
	await gone;
}
