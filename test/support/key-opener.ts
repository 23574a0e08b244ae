/** KeyOpener - a process of its own for keys.spec.ts: waits for a line, so that many begin at once, opens the keys of a folder and says which it got. */
import { once } from "node:events";
import { openKeys } from "../../store/evidence/keys.ts";

console.log("ready");
await once(process.stdin, "data");
const { signing, known } = openKeys(process.argv[2] ?? "");
console.log([signing.id, ...known.keys()].join(" "));
process.stdin.destroy();
