/** Report - the measurements as a table for people, and the ratios the goals are stated in. */
import type { Result } from "./cell.ts";

const cells = (name: string, ...figures: readonly string[]): string =>
	name.padEnd(22) + figures.map((figure) => figure.padStart(9)).join("");
const text = (figure: number | null): string => (figure === null ? "-" : String(figure));

export const heading = cells(
	"",
	"lasts",
	"streams",
	"inflight",
	"rows",
	"/s",
	"p50 ms",
	"p99 ms",
	"CPU µs",
	"acked",
	"lost",
	"refused",
	"retried",
);
export const lineOf = (row: Result): string =>
	`${cells(
		row.contestant,
		row.durable ? "disk" : "memory",
		row.shape,
		String(row.inFlight),
		row.projection ? "yes" : "no",
		...[row.perSecond, row.p50Ms, row.p99Ms, row.cpuMicros, row.acknowledged, row.lost, row.refused, row.retried].map(text),
	)}${row.note ? `  ${row.note}` : ""}`;

export interface Ratio extends Pick<Result, "shape" | "inFlight" | "projection"> {
	readonly of: string;
	readonly against: string;
	/** Commands a second; null where one of them did none. */
	readonly ratio: number | null;
	/** Acknowledged writes the other one lost. */
	readonly lost: number;
}

/** Vigie against each durable peer on the same kind of store. */
export function ratiosOf(rows: readonly Result[]): Ratio[] {
	return rows.flatMap((row) => {
		if (!row.contestant.startsWith("vigie-")) return [];
		const store = row.contestant.slice("vigie-".length);
		const same = ({ contestant, shape, inFlight, projection }: Result): boolean =>
			contestant.startsWith(`emmett-${store}`) && shape === row.shape && inFlight === row.inFlight && projection === row.projection;
		return rows
			.filter(same)
			.map(({ contestant, perSecond, lost, shape, inFlight, projection }) => ({
				of: row.contestant,
				against: contestant,
				shape,
				inFlight,
				projection,
				ratio: row.perSecond && perSecond ? Number((row.perSecond / perSecond).toPrecision(3)) : null,
				lost,
			}));
	});
}

export function ratioLines(rows: readonly Result[]): string[] {
	const lines = ratiosOf(rows).map(({ of, against, shape, inFlight, projection, ratio, lost }) => {
		const what = `${shape} streams, ${inFlight} in flight${projection ? ", with rows" : ""}`;
		return (
			`${of} / ${against}`.padEnd(44) +
			what.padEnd(40) +
			(ratio === null ? "-" : `${ratio} ×`).padStart(10) +
			(lost > 0 ? `   (which lost ${lost})` : "")
		);
	});
	return lines.length > 0 ? ["", ...lines] : [];
}
