/** KeyOpener - a child process for keys.spec.ts: waits for a line, so that many start at once, opens a folder of keys and prints their ids. */
import { once } from "node:events";
import { openKeys } from "../../store/evidence/keys.ts";

console.log("ready");
await once(process.stdin, "data");
const { signing, known } = openKeys(process.argv[2] ?? "");
console.log([signing.id, ...known.keys()].join(" "));
process.stdin.destroy();
