/**
 * SigningWriter - a child process for verify-processes.spec.ts: the product's writer, actors and signers on one file. It opens accounts as
 * fast as it can, and prints acknowledged commands and reports.
 *
 * signing-writer.ts FOLDER NAME COMMANDS
 */
import { join } from "node:path";
import { Actors } from "../../mixins/actors/actors.ts";
import { signersOf } from "../../mixins/logs/signing.ts";
import { ContextLog } from "../../mixins/logs/context-log.ts";
import { nodeTimers } from "../../mixins/common/timers.ts";
import { openKeys } from "../../store/evidence/keys.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { account } from "./account.ts";

const [folder = "", name = "", commands = "0"] = process.argv.slice(2);
const AT_ONCE = 100;
const say = (...words: readonly (string | number)[]): void => void process.stdout.write(`${words.join(" ")}\n`);

const store = new SqliteLogStore(join(folder, "events.db"));
const partitions = await store.open("bank");
const signers = signersOf(partitions, { keys: openKeys(join(folder, "keys")) }, nodeTimers, (level, message) => say(level, message));
const log = new ContextLog(partitions, nodeTimers, signers);
const actors = new Actors(account, { writer: (stream) => log.writer(stream), clock: Date.now, capacity: 1000, freeze: false });
log.host("account", actors);

let next = 0;
async function open(): Promise<void> {
	for (let n = next++; n < Number(commands); n = next++) {
		const id = `${name}-${n}`;
		const params = { id, owner: name };
		const envelope = { commandId: id, by: name, at: new Date().toISOString() };
		await actors.command("open", params, envelope, () => Promise.reject(new Error("no actor answers")));
		say("done", n);
	}
}
await Promise.all(Array.from({ length: AT_ONCE }, open));
for (const writer of log.writers) await writer.drained();
for (const signer of signers) await signer.close();
await store.close();
