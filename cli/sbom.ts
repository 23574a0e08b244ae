/**
 * npm run sbom - prints the software bill of materials of an installation without development dependencies, as CycloneDX JSON. `npm sbom --omit
 * dev` in this folder leaves out each package that a development dependency uses as well, so it runs on a lock file without those.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./common/catalogue.ts";
import { guardOutput, tell } from "./common/output.ts";

interface Manifest {
	readonly name: string;
	readonly devDependencies?: object;
}
interface Lock {
	readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devDependencies?: object }>>;
}
const WORDS = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only", "--offline"];

/** The JSON text. */
export function sbom(): string {
	const read = <T>(file: string): T => JSON.parse(readFileSync(join(ROOT, file), "utf8")) as T; // npm writes these files
	const manifest = read<Manifest>("package.json");
	const lock = read<Lock>("package-lock.json");
	const packages = Object.entries(lock.packages)
		.filter(([, { dev }]) => dev !== true)
		.map(([path, one]) => [path, path === "" ? { ...one, devDependencies: undefined } : one] as const);
	const folder = mkdtempSync(join(tmpdir(), "vigie-sbom-"));
	const place = join(folder, manifest.name); // npm takes the name of the application from the folder
	try {
		mkdirSync(place);
		writeFileSync(join(place, "package.json"), JSON.stringify({ ...manifest, devDependencies: undefined }));
		writeFileSync(join(place, "package-lock.json"), JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }));
		return execFileSync("npm", WORDS, { cwd: place, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) {
	guardOutput();
	tell(sbom().trimEnd());
}
