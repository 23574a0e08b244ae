/**
 * Patches - changes single lines of the product's sources while they are loaded: small limits, which short schedules reach, and mutants,
 * which break a rule of DESIGN §3 to §5. A text that is not found exactly once is an error, because the source has changed.
 */
import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

export interface Patch {
	/** Path from the root: `store/writer.ts`. */
	readonly file: string;
	readonly from: string;
	readonly to: string;
}
const root = new URL("../../", import.meta.url);

/** The source with every patch applied. */
export function patched(file: string, patches: readonly Patch[]): string {
	let text = readFileSync(fileURLToPath(new URL(file, root)), "utf8");
	for (const { from, to } of patches) {
		const times = text.split(from).length - 1;
		if (times !== 1) throw new Error(`${file} has ${times} times, not once: ${from}`);
		text = text.replace(from, () => to);
	}
	return text;
}

/** Patches these files when they are loaded from now on; loaded files stay as they are. */
export function patch(patches: readonly Patch[]): void {
	const byUrl = Map.groupBy(patches, ({ file }) => new URL(file, root).href);
	const sources = new Map([...byUrl].map(([url, mine]) => [url, stripTypeScriptTypes(patched(mine[0]?.file ?? "", mine))]));
	registerHooks({
		load: (url, context, next) => {
			const source = sources.get(url);
			return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
		},
	});
}
