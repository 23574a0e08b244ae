/** Folder - a temporary folder for the files of one test, removed after it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Folder {
	readonly path = mkdtempSync(join(tmpdir(), "vigie-store-"));

	file(name: string): string {
		return join(this.path, name);
	}
	remove(): void {
		rmSync(this.path, { recursive: true, force: true });
	}
}
