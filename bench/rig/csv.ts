/** Csv - generates radar files in the columns of the French open data, each below the size limit of one request. */
import { radarSite } from "./traffic.ts";

const header = "id,type,latitude,longitude,emplacement,route,vitesse_vehicules_legers_kmh";
const linesEach = 50_000;

export function csvOf(radars: number): readonly string[] {
	const all = Array.from({ length: radars }, (_, index) => {
		const { id, latitude, longitude, lightKmh } = radarSite(index);
		return `${id},Radar fixe,${latitude},${longitude},SITE ${index},D${index % 999},${lightKmh}`;
	});
	return Array.from({ length: Math.ceil(radars / linesEach) }, (_, file) =>
		[header, ...all.slice(file * linesEach, (file + 1) * linesEach), ""].join("\n"),
	);
}
