/** npm run reference - writes docs/reference from the models and the code, and removes pages that are no longer made. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { FOLDER, pages } from "./reference/pages.ts";

const made = await pages();
mkdirSync(FOLDER, { recursive: true });
const there = readdirSync(FOLDER);
for (const name of there.filter((file) => !made.has(file))) {
	rmSync(new URL(name, FOLDER));
	console.log(`${name} removed`);
}
for (const [name, text] of made) {
	const file = new URL(name, FOLDER);
	const same = there.includes(name) && readFileSync(file, "utf8") === text;
	if (!same) writeFileSync(file, text);
	console.log(`${name} ${same ? "unchanged" : "written"}`);
}
