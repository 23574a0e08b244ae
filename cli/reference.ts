/** npm run reference - writes docs/reference and the generated parts of the deployments, and removes obsolete pages. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadHouse, ROOT } from "./common/catalogue.ts";
import { deployments } from "./common/deployments.ts";
import { FOLDER, pages } from "./reference/pages.ts";

const made = await pages();
mkdirSync(FOLDER, { recursive: true });
const there = readdirSync(FOLDER);
for (const name of there.filter((file) => !made.has(file))) {
	rmSync(new URL(name, FOLDER));
	console.log(`${name} removed`);
}
for (const [name, text] of made) write(name, new URL(name, FOLDER), text, there.includes(name));
for (const [path, text] of await deployments(await loadHouse())) write(path, join(ROOT, path), text, true);

function write(name: string, file: URL | string, text: string, exists: boolean): void {
	const same = exists && readFileSync(file, "utf8") === text;
	if (!same) writeFileSync(file, text);
	console.log(`${name} ${same ? "unchanged" : "written"}`);
}
