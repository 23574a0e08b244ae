/** Time as data: instants are ISO-8601 texts in UTC with milliseconds, so that comparing two is comparing texts. */

/** `2026-03-01T08:15:00.000Z`; within the years 0000-9999, always normalised, hence ordered as text. */
export type Instant = string;

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;

/** The normalised instant a text with an offset stands for, or null: no such day, no offset, outside the years 0000-9999. */
export function parseInstant(text: string): Instant | null {
	const at = Date.parse(text);
	if (text.length === 24 && at === at && new Date(at).toISOString() === text) return text;
	const part = SHAPE.exec(text);
	if (!part) return null;
	const [, year, month, day, hour, minute, second = "0", fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = part;
	if (!isDate(`${year}-${month}-${day}`)) return null;
	if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
	const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -1 : 1);
	const day0 = Date.parse(`${year}-${month}-${day}T00:00:00.000Z`);
	const millis =
		day0 + ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3));
	const instant = new Date(millis).toISOString();
	return instant.length === 24 ? instant : null;
}

/** Whether a text is a day of the calendar, `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
	if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
	const at = Date.parse(`${text}T00:00:00.000Z`);
	return at === at && new Date(at).toISOString().startsWith(text);
}

/** Minutes as milliseconds, for readable rules. */
export const minutes = (count: number): number => count * 60_000;

/** Whether `instant` lies more than `byMs` milliseconds after `reference`. */
export const isAfter = (instant: Instant, reference: Instant, byMs = 0): boolean =>
	byMs === 0 ? instant > reference : Date.parse(instant) - Date.parse(reference) > byMs;
