/** Fingerprint - which code folds a read model: its own file and all it rests on that says what, not how. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);
/** What is stated here; how it is kept (mixins, store) changes no row. */
const STATED = /^(services|model|jurisdictions)\//;

/** Over the file and the files it imports, however far, in the rooms of what is stated: 16 characters. */
export function fingerprintOf(file: URL): string {
	const hash = createHash("sha256");
	for (const url of [...filesOf(file)].sort()) hash.update(`${pathOf(url)}\n${readFileSync(new URL(url), "utf8")}\n`);
	return hash.digest("hex").slice(0, 16);
}

function filesOf(file: URL, found = new Set<string>()): Set<string> {
	if (found.has(file.href)) return found;
	found.add(file.href);
	for (const [, target = ""] of readFileSync(file, "utf8").matchAll(/\bfrom\s+"(\.{1,2}\/[^"]+)"/g)) {
		const imported = new URL(target, file);
		if (STATED.test(pathOf(imported.href))) filesOf(imported, found);
	}
	return found;
}
const pathOf = (href: string): string => relative(fileURLToPath(ROOT), fileURLToPath(href)).replaceAll("\\", "/");
