/**
 * Appender - a child process for processes.contract.ts: opens a shared log, sends many commands to few accounts, and prints each
 * acknowledged command at once, so that a kill loses none of them.
 *
 * appender.ts ADDRESS NAME COMMANDS
 */
import { writeSync } from "node:fs";
import { isRefusal } from "../../model/index.ts";
import { storeAt } from "./appender-store.ts";
import { Bank } from "./bank.ts";

const [address = "", name = "", commands = "0"] = process.argv.slice(2);
const ACCOUNTS = 4;
const AT_ONCE = 6;

const store = storeAt(address);
const [log] = await store.open("bank");
if (!log) throw new Error("a log has at least one partition");
const bank = new Bank(log);
/** Retries while the pipe is full (EAGAIN). */
function say(...words: readonly (string | number)[]): void {
	for (let line = Buffer.from(`${words.join(" ")}\n`); line.length > 0;)
		try {
			line = line.subarray(writeSync(1, line));
		} catch (error) {
			if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
		}
}
say("ready");

let next = 0;
async function ask(): Promise<void> {
	for (let n = next++; n < Number(commands); n = next++) {
		const id = `${n % ACCOUNTS}`;
		const commandId = `${name}/${n}`;
		const command = n < ACCOUNTS ? "open" : n % 3 === 0 ? "withdraw" : "deposit";
		const answer = await bank.ask(command, command === "open" ? { id, owner: name } : { id, amount: (n % 5) + 1 }, { commandId });
		if (isRefusal(answer)) say("refused", commandId, answer.code);
		else if (answer.written) say("done", commandId, id, answer.position, answer.version);
		else say("already", commandId);
	}
}
await Promise.all(Array.from({ length: AT_ONCE }, ask));
await bank.writer.drained();
await store.close();
