/**
 * Cluster key file - the key that `npm run cluster` makes for its nodes, kept in the data folder while the cluster runs, so that operator
 * commands on the same folder can join it. Nodes never read it: they need CLUSTER_KEY.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./data-folder.ts";

export const KEPT_KEY = "cluster.key";

/** Creates the file; only its owner can read it. */
export function keepClusterKey(folder: string, key: string): void {
	const path = join(folder, KEPT_KEY);
	makeFolder(folder);
	rmSync(path, { force: true }); // an existing file would keep its mode
	writeFileSync(path, `${key}\n`, { mode: 0o600, flag: "wx" });
}
/** Removes the file if it contains this key: another cluster may have been started on the folder. */
export function removeClusterKey(folder: string, key: string): void {
	if (keptClusterKey(folder) === key) rmSync(join(folder, KEPT_KEY), { force: true });
}
/** Undefined if there is no such file that can be read. */
export function keptClusterKey(folder: string): string | undefined {
	const path = join(folder, KEPT_KEY);
	try {
		return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
	} catch {
		return undefined; // of another user
	}
}
