/**
 * Timeline - records which value held at which time. Intervals are half-open, `[from, next from)`, and sorted. A late record is inserted at
 * its place and holds until the next one, so every order of arrival gives the same timeline. For any length, a lookup is a binary search
 * and an insertion copies one page.
 */
import type { Instant } from "./time.ts";

/** `from: null` is the beginning of time. */
export interface Entry<T> {
	readonly from: Instant | null;
	readonly value: T;
}
/** A long timeline, split into pages so that an insertion copies only one page. */
interface Paged<T> {
	readonly pages: readonly (readonly Entry<T>[])[];
}
/** Plain data: an array of entries, or pages of them for a long timeline. */
export type Timeline<T> = readonly Entry<T>[] | Paged<T>;

/** Maximum number of entries in a page. */
const PAGE = 256;

const isPaged = <T>(line: Timeline<T>): line is Paged<T> => "pages" in line;
const before = (a: Instant | null, b: Instant | null): boolean => b !== null && (a === null || a < b);

/** Index of the last item that begins at or before the instant; -1 if there is none. */
function lastAt<E>(all: readonly E[], at: Instant | null, from: (one: E) => Instant | null): number {
	let [low, high] = [0, all.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		const one = all[middle];
		if (one === undefined || before(at, from(one))) high = middle;
		else low = middle + 1;
	}
	return low - 1;
}
const indexAt = <T>(page: readonly Entry<T>[], at: Instant | null): number => lastAt(page, at, ({ from }) => from);
/** Index of the page that holds the instant, or of the first page. */
const pageAt = <T>({ pages }: Paged<T>, at: Instant | null): number =>
	Math.max(
		0,
		lastAt(pages, at, ([first]) => first?.from ?? null),
	);

/** All entries, sorted. */
export const entriesOf = <T>(line: Timeline<T>): readonly Entry<T>[] => (isPaged(line) ? line.pages.flat() : line);
export const firstEntry = <T>(line: Timeline<T>): Entry<T> | undefined => (isPaged(line) ? line.pages[0]?.[0] : line[0]);

export function entryAt<T>(line: Timeline<T>, at: Instant | null): Entry<T> | undefined {
	const page = isPaged(line) ? (line.pages[pageAt(line, at)] ?? []) : line;
	return page[indexAt(page, at)];
}

/** The value at the instant; undefined before the first record. */
export const valueAt = <T>(line: Timeline<T>, at: Instant | null): T | undefined => entryAt(line, at)?.value;

/** The first entry that begins after the instant. */
export function entryAfter<T>(line: Timeline<T>, at: Instant | null): Entry<T> | undefined {
	if (!isPaged(line)) return line[indexAt(line, at) + 1];
	const page = pageAt(line, at);
	const entries = line.pages[page] ?? [];
	return entries[indexAt(entries, at) + 1] ?? line.pages[page + 1]?.[0];
}

/** Adds one record. It replaces a record with the same `from`, so the later statement counts. */
export function insert<T>(line: Timeline<T>, from: Instant | null, value: T): Timeline<T> {
	if (!isPaged(line)) {
		const more = inserted(line, from, value);
		return more.length > PAGE ? { pages: halves(more) } : more;
	}
	const place = pageAt(line, from);
	const more = inserted(line.pages[place] ?? [], from, value);
	return { pages: line.pages.toSpliced(place, 1, ...(more.length > PAGE ? halves(more) : [more])) };
}
function inserted<T>(page: readonly Entry<T>[], from: Instant | null, value: T): readonly Entry<T>[] {
	const i = indexAt(page, from);
	const replaces = i >= 0 && page[i]?.from === from;
	return page.toSpliced(replaces ? i : i + 1, replaces ? 1 : 0, { from, value });
}
/** The second part is smaller, because most records are appended. */
const halves = <T>(page: readonly Entry<T>[]): readonly (readonly Entry<T>[])[] => {
	const cut = page.length - PAGE / 8;
	return [page.slice(0, cut), page.slice(cut)];
};

/** Removes old entries: keeps the entry at the instant, all later ones, and `kept` earlier ones. */
export function recent<T>(line: Timeline<T>, at: Instant, kept: number): Timeline<T> {
	const entries = entriesOf(line);
	const first = indexAt(entries, at) - kept;
	return first <= 0 ? line : entries.slice(first);
}

/** Whether exactly this record exists already (same instant, same content by `equal`). */
export function has<T>(line: Timeline<T>, from: Instant | null, value: T, equal: (a: T, b: T) => boolean = Object.is): boolean {
	const entry = entryAt(line, from);
	return entry !== undefined && entry.from === from && equal(entry.value, value);
}

/** Whether recording this changes nothing. With `from`: the same record exists. Without: the value holds now. */
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
