/** Local midnight - the instant at which a civil day begins in a time zone; a law comes into force on a local date. */
import type { Instant } from "./pack.ts";

const dayMs = 86_400_000;

/**
 * The first instant whose local date is `date` ("2025-12-29") or later. This also covers a day that begins at 01:00 because the clocks go
 * forward at midnight. Throws a RangeError for a date that does not exist or an unknown zone.
 */
export function localMidnight(date: string, zone: string): Instant {
	const localDate = calendarOf(zone);
	const utcMidnight = Date.parse(`${date}T00:00:00.000Z`);
	if (new Date(utcMidnight).toISOString().slice(0, 10) !== date) throw new RangeError(`no such date: ${date}`);
	// No zone differs from UTC by a whole day, so the day begins between these two.
	let before = utcMidnight - dayMs;
	let begun = utcMidnight + dayMs;
	while (begun - before > 1) {
		const middle = Math.floor((before + begun) / 2);
		if (localDate(middle) < date) before = middle;
		else begun = middle;
	}
	return new Date(begun).toISOString();
}

function calendarOf(timeZone: string): (ms: number) => string {
	const format = new Intl.DateTimeFormat("en", {
		timeZone,
		calendar: "gregory",
		numberingSystem: "latn",
		year: "numeric",
		month: "2-digit",
		day: "2-digit",
	});
	return (ms) => {
		const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
		return `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
	};
}
