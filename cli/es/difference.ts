/** Difference - compares two values of plain JSON field by field. */
import { isDeepStrictEqual } from "node:util";
import { jsonOf } from "../common/output.ts";
import { paint } from "./out.ts";

/** `path`: `equipment.lightKmh[1].from`; `before` is absent for an addition, `after` for a removal. */
export interface Change {
	readonly path: string;
	readonly before?: unknown;
	readonly after?: unknown;
}

export function differences(before: unknown, after: unknown, path = ""): Change[] {
	if (isDeepStrictEqual(before, after)) return [];
	if (Array.isArray(before) && Array.isArray(after)) return ofLists(before, after, path);
	if (isRecord(before) && isRecord(after))
		return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
			differences(before[name], after[name], path === "" ? name : `${path}.${name}`),
		);
	return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

/** Skips the common beginning and end, so that an insertion in a timeline is one addition and not a shift of all later entries. */
function ofLists(before: readonly unknown[], after: readonly unknown[], path: string): Change[] {
	const shorter = Math.min(before.length, after.length);
	let begin = 0;
	while (begin < shorter && isDeepStrictEqual(before[begin], after[begin])) begin++;
	let end = 0;
	while (end < shorter - begin && isDeepStrictEqual(before.at(-1 - end), after.at(-1 - end))) end++;
	const [gone, come] = [before.slice(begin, before.length - end), after.slice(begin, after.length - end)];
	return Array.from({ length: Math.max(gone.length, come.length) }, (_, i) =>
		differences(gone[i], come[i], `${path}[${begin + i}]`),
	).flat();
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/** One change as a line of text. */
export function changeText({ path, before, after }: Change): string {
	if (before === undefined) return paint("green", `  + ${path}  ${jsonOf(after)}`);
	if (after === undefined) return paint("red", `  - ${path}  ${jsonOf(before)}`);
	return paint("yellow", `  ~ ${path}  ${jsonOf(before)} -> ${jsonOf(after)}`);
}
