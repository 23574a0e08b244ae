/**
 * RadarImport - turns the published list of French radars into commands to each radar. Importing a file twice changes nothing, and a bad
 * line affects no other.
 */
import type { Context, ServiceSchema } from "moleculer";
import type { RadarKind } from "../../jurisdictions/index.ts";
import type { Done } from "../../mixins/actors/envelope.ts";
import { type CsvLine, readCsv } from "../../mixins/common/csv.ts";
import { brief, firstOf, invalid, refusalError, sentence } from "../../mixins/common/errors.ts";
import { newId } from "../../mixins/common/ids.ts";
import { whileWanted } from "../../mixins/cluster/leaving.ts";
import { codes, existsCode, defined, OPERATOR, type Refusal, refuse, unknownCode } from "../../model/index.ts";

interface Report {
	imported: number;
	changed: number;
	unchanged: number;
	rejected: number;
	/** The first thousand, or fewer if they are long. */
	errors: { line: number; code: string; detail: string }[];
}
type Change = "imported" | "changed" | "unchanged";
/** A radar as described in the file; absent fields stay unchanged. */
interface Line {
	readonly id: string;
	readonly kind: RadarKind;
	readonly name?: string;
	readonly latitude: number;
	readonly longitude: number;
	readonly road?: string;
	readonly direction?: string;
	readonly lightKmh?: number;
	readonly heavyKmh?: number;
	readonly sectionMeters?: number;
}
type Description = Omit<Line, "id">;

const KINDS: ReadonlyMap<string, RadarKind> = new Map([
	["Radar fixe", "fixed"],
	["Radar discriminant", "discriminating"],
	["Radar Vitesse Moyenne", "section"],
	["Radar feu rouge", "red-light"],
	["Radar Passage à Niveau", "level-crossing"],
	["Radar urbain", "urban"],
	["Radar mobile", "mobile"],
	["Itinéraire", "itinerary"],
]);
/** Refusals of a line, besides those of the radar's own commands. */
export const lineCodes = {
	...codes({
		LINE_MALFORMED: {
			status: 422,
			means: "A line of the file cannot be read: a quote that is not closed, more or fewer fields than the header.",
			then: "Correct the line; the others were imported.",
		},
		RADAR_TYPE_UNKNOWN: {
			status: 422,
			means: "The column `type` names no type of radar known here.",
			then: "Correct the line; the others were imported.",
		},
	}),
	RADAR_ALREADY_EXISTS: existsCode("radar"),
};
const NEEDED = ["id", "type", "latitude", "longitude"];
const ERRORS = 1000;

export default {
	name: "radar-import",
	actions: {
		/** Installs the unknown radars of a file and updates those that differ; returns counts of its lines by outcome. */
		run: {
			may: OPERATOR,
			rest: "POST /radars/import",
			note: { kind: "upload", of: "radar", accepts: "text/csv" },
			timeout: 0,
			params: { $$strict: true, content: { type: "string" } },
			handler: (ctx: Context<{ content: string }>): Promise<Report> => whileWanted(ctx, (wanted) => run(ctx, wanted)),
		},
	},
} satisfies ServiceSchema;

/** Stops between two batches when the caller has disconnected or the node stops; importing the same file again resumes. */
async function run(ctx: Context<{ content: string }>, wanted: AbortSignal): Promise<Report> {
	const { columns, batches } = await readCsv(ctx.params.content);
	const missing = NEEDED.filter((column) => !columns.includes(column));
	if (missing.length > 0)
		throw invalid(
			missing.map((field) => ({ field, message: "The column is missing", expected: NEEDED.join(", ") })),
			"This is not the header of a radar file",
		);
	const report: Report = { imported: 0, changed: 0, unchanged: 0, rejected: 0, errors: [] };
	for await (const lines of batches()) {
		wanted.throwIfAborted();
		await Promise.all(byRadar(lines).map((same) => inOrder(ctx, same, report)));
	}
	report.errors = firstOf(report.errors, ERRORS);
	return report;
}

/** Lines of one radar run in order; those of different radars run in parallel. */
function byRadar(lines: readonly CsvLine[]): (readonly CsvLine[])[] {
	const groups = new Map<string, CsvLine[]>();
	for (const line of lines) {
		const key = line.fields?.["id"] ?? "";
		const group = groups.get(key);
		if (group) group.push(line);
		else groups.set(key, [line]);
	}
	return [...groups.values()];
}

async function inOrder(ctx: Context, lines: readonly CsvLine[], report: Report): Promise<void> {
	for (const { line, fields, problem = "" } of lines) {
		if (!fields) {
			reject(report, line, refuse(lineCodes.LINE_MALFORMED, problem));
			continue;
		}
		try {
			report[await take(ctx, read(fields))]++;
		} catch (error) {
			if (!(error instanceof Error) || !("type" in error) || !("code" in error) || Number(error.code) >= 500) throw error;
			reject(report, line, { code: String(error.type), detail: detailOf(error) });
		}
	}
}

/** Batches come in file order, so this keeps the first errors. */
function reject(report: Report, line: number, { code, detail }: Pick<Refusal, "code" | "detail">): void {
	report.rejected++;
	if (report.errors.length < ERRORS) report.errors.push({ line, code, detail: sentence(detail) });
}

function detailOf(error: Error): string {
	const fields =
		"data" in error && Array.isArray(error.data)
			? error.data.map((complaint: { field?: unknown; message?: unknown }) => `${String(complaint.field)}: ${String(complaint.message)}`)
			: [];
	return fields.length > 0 ? fields.join("; ") : error.message;
}

/** Non-numbers become NaN, which the radar's own rules refuse. */
const number = (text: string | undefined): number | undefined =>
	text === undefined ? undefined : /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;

function read(fields: Readonly<Record<string, string>>): Line {
	const { id = "", type = "", emplacement, route, direction } = fields;
	const kind = KINDS.get(type);
	if (!kind)
		throw refusalError(
			refuse(lineCodes.RADAR_TYPE_UNKNOWN, `"${brief(type)}" is not a known type of radar: ${[...KINDS.keys()].join(", ")}`),
		);
	const kilometres = number(fields["longueur_troncon_km"]);
	return {
		id,
		kind,
		latitude: number(fields["latitude"]) ?? Number.NaN,
		longitude: number(fields["longitude"]) ?? Number.NaN,
		...defined({
			name: emplacement,
			road: route,
			direction,
			lightKmh: number(fields["vitesse_vehicules_legers_kmh"]),
			heavyKmh: number(fields["vitesse_poids_lourds_kmh"]),
			sectionMeters: kilometres === undefined ? undefined : Math.round(kilometres * 1000),
		}),
	};
}

/** A command id made before the first send, so that a retry sends the same command. */
const named = () => ({ meta: { commandId: newId() } });

/** Installs an unknown radar; updates a known one where the file differs. */
async function take(ctx: Context, line: Line): Promise<Change> {
	const known = await descriptionOf(ctx, line.id);
	return known ? change(ctx, line, known) : install(ctx, line);
}

const typeOf = (error: unknown): unknown => (error instanceof Error && "type" in error ? error.type : null);
const descriptionOf = (ctx: Context, id: string): Promise<Description | null> =>
	ctx
		.call<Description, { id: string }>("radar.description", { id })
		.catch((error: unknown) => (typeOf(error) === unknownCode("radar").name ? null : Promise.reject(error)));

/** If another import installed the radar meanwhile, its line is compared as for any known radar. */
async function install(ctx: Context, line: Line): Promise<Change> {
	const { lightKmh, heavyKmh, ...rest } = line;
	try {
		const { written } = await ctx.call<Done, object>("radar.install", { ...rest, limits: defined({ lightKmh, heavyKmh }) }, named());
		return written ? "imported" : "unchanged";
	} catch (error) {
		const known = typeOf(error) === lineCodes.RADAR_ALREADY_EXISTS.name ? await descriptionOf(ctx, line.id) : null;
		if (!known) throw error;
		return change(ctx, line, known);
	}
}

/** Counts a change only if one of the commands wrote something: another import may have made the same change first. */
async function change(ctx: Context, line: Line, known: Description): Promise<Change> {
	const { id, kind, name, latitude, longitude, road, direction, lightKmh, heavyKmh, sectionMeters } = line;
	if (kind !== known.kind || (sectionMeters !== undefined && sectionMeters !== known.sectionMeters))
		throw refusalError(
			refuse(lineCodes.RADAR_ALREADY_EXISTS, `Radar ${id} is installed as ${known.kind}, ${known.sectionMeters ?? "no"} metres of section`),
		);
	const moved = latitude !== known.latitude || longitude !== known.longitude;
	const commands = [
		["relocate", moved ? { latitude, longitude, ...defined({ road, direction }) } : {}],
		["describe", differing({ name, ...(moved ? {} : { road, direction }) }, known)],
		["changeLimits", differing({ lightKmh, heavyKmh }, known)],
	] as const;
	let changed = false;
	for (const [command, content] of commands.filter(([, fields]) => Object.keys(fields).length > 0)) {
		const { written } = await ctx.call<Done, object>(`radar.${command}`, { id, ...content }, named());
		changed ||= written;
	}
	return changed ? "changed" : "unchanged";
}

/** The given fields that differ from the known ones. */
function differing(fields: Partial<Description>, known: Description): Partial<Description> {
	return Object.fromEntries(
		Object.entries(fields).filter(([field, value]) => value !== undefined && value !== known[field as keyof Description]),
	); // same keys and value types as `fields`
}
