/** RadarImport - the published list of French radars, as commands to each radar: the same file again changes nothing, a bad line harms no other. */
import type { Context, ServiceSchema } from "moleculer";
import type { RadarKind } from "../../jurisdictions/index.ts";
import { type CsvLine, readCsv } from "../../mixins/csv.ts";
import { invalid, refusalError } from "../../mixins/errors.ts";
import { newId } from "../../mixins/ids.ts";
import { given, refuse } from "../../model/index.ts";

interface Report {
	imported: number;
	changed: number;
	unchanged: number;
	rejected: number;
	/** The first of them. */
	errors: { line: number; code: string; detail: string }[];
}
type Change = "imported" | "changed" | "unchanged";
/** Of a radar, as the file gives it; what it leaves out is left as it is. */
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

const KINDS: Readonly<Record<string, RadarKind>> = {
	"Radar fixe": "fixed",
	"Radar discriminant": "discriminating",
	"Radar Vitesse Moyenne": "section",
	"Radar feu rouge": "red-light",
	"Radar Passage à Niveau": "level-crossing",
	"Radar urbain": "urban",
	"Radar mobile": "mobile",
	Itinéraire: "itinerary",
};
const NEEDED = ["id", "type", "latitude", "longitude"];
/** Radars looked after at a time. */
const AT_ONCE = 128;
const ERRORS = 1000;

export default {
	name: "radar-import",
	actions: {
		/** Installs the radars of a file nobody knows yet, and changes those it says differently; answers what became of its lines. */
		run: {
			rest: "POST /radars/import",
			note: { kind: "upload", of: "radar", accepts: "text/csv" },
			timeout: 0,
			params: { $$strict: true, content: { type: "string" } },
			async handler(ctx: Context<{ content: string }>): Promise<Report> {
				const { columns, lines } = readCsv(ctx.params.content);
				const missing = NEEDED.filter((column) => !columns.includes(column));
				if (missing.length > 0)
					throw invalid(
						missing.map((field) => ({ field, message: "The column is missing", expected: NEEDED.join(", ") })),
						"The header is not that of a radar file",
					);
				const report: Report = { imported: 0, changed: 0, unchanged: 0, rejected: 0, errors: [] };
				for (let i = 0; i < lines.length; i += AT_ONCE)
					await Promise.all(byRadar(lines.slice(i, i + AT_ONCE)).map((same) => inOrder(ctx, same, report)));
				report.errors = report.errors.sort((a, b) => a.line - b.line).slice(0, ERRORS);
				return report;
			},
		},
	},
} satisfies ServiceSchema;

/** Lines of one radar stay in order, those of different radars go side by side. */
function byRadar(lines: readonly CsvLine[]): CsvLine[][] {
	const groups = new Map<string, CsvLine[]>();
	for (const line of lines) {
		const key = line.fields?.["id"] ?? `line ${line.line}`;
		groups.set(key, [...(groups.get(key) ?? []), line]);
	}
	return [...groups.values()];
}

async function inOrder(ctx: Context, lines: readonly CsvLine[], report: Report): Promise<void> {
	for (const line of lines) {
		try {
			if (!line.fields) throw refusalError(refuse("LINE_MALFORMED", 422, line.problem ?? ""));
			report[await take(ctx, read(line.fields))]++;
		} catch (error) {
			if (!(error instanceof Error) || !("type" in error) || !("code" in error) || Number(error.code) >= 500) throw error;
			report.rejected++;
			report.errors.push({ line: line.line, code: String(error.type), detail: detailOf(error) });
		}
	}
}

function detailOf(error: Error): string {
	const fields =
		"data" in error && Array.isArray(error.data)
			? error.data.map((complaint: { field?: unknown; message?: unknown }) => `${String(complaint.field)}: ${String(complaint.message)}`)
			: [];
	return fields.length > 0 ? fields.join("; ") : error.message;
}

/** Numbers that are none stay as they are read, for the radar's own rules to refuse. */
const number = (text: string | undefined): number | undefined =>
	text === undefined ? undefined : /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;

function read(fields: Readonly<Record<string, string>>): Line {
	const { id = "", type = "", emplacement, route, direction } = fields;
	const kind = KINDS[type];
	if (!kind)
		throw refusalError(refuse("RADAR_TYPE_UNKNOWN", 422, `"${type}" is no type of radar we know: ${Object.keys(KINDS).join(", ")}`));
	const kilometres = number(fields["longueur_troncon_km"]);
	return {
		id,
		kind,
		latitude: number(fields["latitude"]) ?? Number.NaN,
		longitude: number(fields["longitude"]) ?? Number.NaN,
		...given({
			name: emplacement,
			road: route,
			direction,
			lightKmh: number(fields["vitesse_vehicules_legers_kmh"]),
			heavyKmh: number(fields["vitesse_poids_lourds_kmh"]),
			sectionMeters: kilometres === undefined ? undefined : Math.round(kilometres * 1000),
		}),
	};
}

/** A command's id, before it is on its way: sent again it is the same command. */
const named = () => ({ meta: { commandId: newId() } });

/** Installs a radar nobody knows; of one we know, changes only what the file says differently. */
async function take(ctx: Context, line: Line): Promise<Change> {
	const { id, kind, name, latitude, longitude, road, direction, lightKmh, heavyKmh, sectionMeters } = line;
	const known = await ctx
		.call<Description, { id: string }>("radar.description", { id })
		.catch((error: unknown) =>
			error instanceof Error && "type" in error && error.type === "RADAR_UNKNOWN" ? null : Promise.reject(error),
		);
	if (!known) {
		const installed = { id, kind, latitude, longitude, limits: given({ lightKmh, heavyKmh }) };
		await ctx.call("radar.install", { ...installed, ...given({ name, road, direction, sectionMeters }) }, named());
		return "imported";
	}
	if (kind !== known.kind || (sectionMeters !== undefined && sectionMeters !== known.sectionMeters))
		throw refusalError(
			refuse("RADAR_ALREADY_EXISTS", 409, `Radar ${id} is installed as ${known.kind}, ${known.sectionMeters ?? "no"} metres of section`),
		);
	const moved = latitude !== known.latitude || longitude !== known.longitude;
	const described = differing({ name, ...(moved ? {} : { road, direction }) }, known);
	const limits = differing({ lightKmh, heavyKmh }, known);
	if (moved) await ctx.call("radar.relocate", { id, latitude, longitude, ...given({ road, direction }) }, named());
	if (Object.keys(described).length > 0) await ctx.call("radar.describe", { id, ...described }, named());
	if (Object.keys(limits).length > 0) await ctx.call("radar.changeLimits", { id, ...limits }, named());
	return moved || Object.keys(described).length > 0 || Object.keys(limits).length > 0 ? "changed" : "unchanged";
}

/** What is given and not the same as what is known. */
function differing(fields: Partial<Description>, known: Description): Partial<Description> {
	return Object.fromEntries(
		Object.entries(fields).filter(([field, value]) => value !== undefined && value !== known[field as keyof Description]),
	); // keys of the same type
}
