/** Flame threads - preloaded into a profiled product: each thread records the data file it serves, which a profile does not contain. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId, workerData } from "node:worker_threads";

const folder = process.env["FLAME_DIR"];
if (folder !== undefined) writeFileSync(join(folder, `${threadId}.json`), JSON.stringify(workerData ?? {}));
