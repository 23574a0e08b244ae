/** ShiftedClock - preloaded into a child: shifts its wall clock by the milliseconds in a file, and jumps when the file changes. */
import { readFileSync } from "node:fs";

const file = process.env["CLOCK_FILE"] ?? "";
const Machine = Date;
let offset = 0;

function look(): void {
	try {
		offset = Number(readFileSync(file, "utf8"));
	} catch {
		offset = 0; // the file does not exist yet
	}
}

globalThis.Date = new Proxy(Machine, {
	construct: (target, args: readonly unknown[], made) =>
		Reflect.construct(target, args.length > 0 ? args : [Machine.now() + offset], made) as Date,
	get: (target, name) => (name === "now" ? () => Machine.now() + offset : (Reflect.get(target, name) as unknown)),
});
look();
setInterval(look, 5).unref();
