/** Flame threads - preloaded into a product that is profiled: each of its threads notes the data file it serves, which no profile says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId, workerData } from "node:worker_threads";

const folder = process.env["FLAME_DIR"];
if (folder !== undefined) writeFileSync(join(folder, `${threadId}.json`), JSON.stringify(workerData ?? {}));
