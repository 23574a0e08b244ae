/** Time as data: instants are ISO-8601 texts in UTC with milliseconds, so comparing texts compares instants. */

/** `2026-03-01T08:15:00.000Z`; within the years 0000-9999 and always normalized, so text order is time order. */
export type Instant = string;

const SHAPE = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/**
 * Parses a text with an offset into a normalized instant; null if the date does not exist, the offset is missing, or the year is outside
 * 0000-9999.
 */
export function parseInstant(text: string): Instant | null {
	const part = SHAPE.exec(text);
	if (!part) return null;
	const [, day = "", clock = "", second = "00", fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = part;
	if (!isDate(day) || clock > "23:59" || clock.slice(3) > "59" || second > "59" || Number(offsetHour) > 23 || Number(offsetMinute) > 59)
		return null;
	const local = `${day}T${clock}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}Z`;
	const offset = minutes(Number(offsetHour) * 60 + Number(offsetMinute));
	if (offset === 0) return local;
	const instant = new Date(Date.parse(local) + (sign === "-" ? offset : -offset)).toISOString();
	return instant.length === 24 ? instant : null;
}

/** Whether a text is a calendar date, `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
	const part = DAY.exec(text);
	if (!part) return false;
	const [year, month, day] = [Number(part[1]), Number(part[2]), Number(part[3])];
	return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}
const daysIn = (year: number, month: number): number =>
	month === 2
		? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
			? 29
			: 28
		: month === 4 || month === 6 || month === 9 || month === 11
			? 30
			: 31;

/** Minutes in milliseconds. */
export const minutes = (count: number): number => count * 60_000;

/** Whether `instant` is more than `byMs` milliseconds after `reference`. */
export const isAfter = (instant: Instant, reference: Instant, byMs = 0): boolean =>
	byMs === 0 ? instant > reference : Date.parse(instant) - Date.parse(reference) > byMs;
