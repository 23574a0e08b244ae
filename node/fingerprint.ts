/** Fingerprint - a hash of the code that computes a read model, so that a change of the code triggers a rebuild. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);
/** The folders whose code determines the rows; mixins and store do not. */
const STATED = /^(services|model|jurisdictions)\//;

/** 16 hex digits over the file and its direct and indirect imports from these folders. */
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
