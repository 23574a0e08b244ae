/**
 * Timeline - what held when. Half-open intervals `[from, next from)`, sorted; a record that arrives late is inserted where it
 * belongs and holds until the next one, so every order of arrival gives the same timeline.
 */
import type { Instant } from "./time.ts";

/** `from: null` is the beginning of time. */
export interface Entry<T> {
	readonly from: Instant | null;
	readonly value: T;
}
export type Timeline<T> = readonly Entry<T>[];

const before = (a: Instant | null, b: Instant | null): boolean => b !== null && (a === null || a < b);

/** Index of the last entry at or before the instant, -1 if there is none; short timelines, scanned from the end. */
function indexAt<T>(line: Timeline<T>, at: Instant | null): number {
	let i = line.length - 1;
	for (; i >= 0; i--) {
		const entry = line[i];
		if (entry && !before(at, entry.from)) return i;
	}
	return i;
}

export const entryAt = <T>(line: Timeline<T>, at: Instant | null): Entry<T> | undefined => line[indexAt(line, at)];

/** What held at the instant; undefined before the first record. */
export const valueAt = <T>(line: Timeline<T>, at: Instant | null): T | undefined => entryAt(line, at)?.value;

/** The first entry that begins after the instant. */
export const entryAfter = <T>(line: Timeline<T>, at: Instant | null): Entry<T> | undefined => line[indexAt(line, at) + 1];

/** The timeline with one more record; one with the same `from` is replaced: the later word on the same instant counts. */
export function insert<T>(line: Timeline<T>, from: Instant | null, value: T): Timeline<T> {
	const i = indexAt(line, from);
	const same = line[i]?.from === from && i >= 0;
	return [...line.slice(0, same ? i : i + 1), { from, value }, ...line.slice(i + 1)];
}

/** Whether exactly this record is there already (same instant, same content by `equal`). */
export function has<T>(line: Timeline<T>, from: Instant | null, value: T, equal: (a: T, b: T) => boolean = Object.is): boolean {
	const entry = entryAt(line, from);
	return entry !== undefined && entry.from === from && equal(entry.value, value);
}

/** Whether recording this changes nothing: dated, the same record is there; undated, the value holds now and nothing else is to come. */
export function alreadyHolds<T>(
	line: Timeline<T>,
	from: Instant | undefined,
	now: Instant,
	value: T,
	equal: (a: T, b: T) => boolean = Object.is,
): boolean {
	if (from !== undefined) return has(line, from, value, equal);
	const entry = entryAt(line, now);
	return entry !== undefined && equal(entry.value, value);
}
