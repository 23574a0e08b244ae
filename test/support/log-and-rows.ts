/** LogAndRows - a child process that appends to a log and makes rows from it, commit by commit, until its input ends. */
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";
import { CARS } from "./cars.ts";
import { tailOf, things } from "./commits.ts";

const [, , events = "", rows = ""] = process.argv;
const logs = new SqliteLogStore(events);
const [log] = await logs.open("shop");
const models = new SqliteRowStore(rows);
const table = await models.open(CARS);
let over = false;
process.stdin.on("end", () => (over = true)).resume();
for (let said = false; !over && log; said = true) {
	const commits = things(1, await log.tail());
	await log.append(commits);
	const { position, hash } = tailOf(commits);
	const { "shop:0": from = { position: 0, hash: "" } } = await table.checkpoints();
	await table.save([], [{ partition: "shop:0", from, to: { position, hash } }]);
	if (!said) console.log("written");
}
await models.close();
await logs.close();
