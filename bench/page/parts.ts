/** Parts - all measurements in the order of the page: the script, its options, and the expected time. */

export interface Part {
	readonly name: string;
	readonly title: string;
	readonly script: string;
	/** Options of a full run, and of a quick run that only checks that everything works. */
	readonly whole: string;
	readonly quick: string;
	/** Expected seconds without an earlier run: full, quick. */
	readonly seconds: readonly [whole: number, quick: number];
}
const part = (name: string, title: string, whole: string, quick: string, seconds: Part["seconds"]): Part => ({
	name,
	title,
	script: `bench/parts/${name}.ts`,
	whole,
	quick,
	seconds,
});

export const parts: readonly Part[] = [
	part(
		"pipeline",
		"The pipeline",
		"--detections 150k --more 400k --radars 3350 --runs 3",
		"--detections 3k --more 6k --radars 200 --runs 1",
		[200, 25],
	),
	part(
		"nodes",
		"Over several processes",
		"--detections 60k --radars 1000 --mongo 2k",
		"--detections 4k --radars 100 --mongo 200",
		[120, 40],
	),
	part("failover", "When something dies", "--clients 8 --seconds 6", "--clients 2 --seconds 2", [200, 80]),
	part("single", "One by one", "--requests 40k", "--requests 3k", [60, 10]),
	part("latency", "Latency", "--seconds 30 --search 6", "--seconds 3 --search 1", [200, 30]),
	part("growth", "Growth", "--to 1M", "--to 20k", [120, 15]),
	part("kept", "With a large log", "--detections 300k", "--detections 10k", [90, 12]),
	part("cold", "Actors from a cold cache", "--actors 50k", "--actors 3k", [90, 15]),
	part("imports", "Import", "--radars 20k", "--radars 2k", [20, 6]),
	part("live", "A thousand listeners", "--listeners 1000 --facts 400", "--listeners 100 --facts 100", [60, 10]),
	part("sqlite", "The log on SQLite against bare node:sqlite", "--ms 2000 --rounds 3", "--ms 200 --rounds 1", [60, 5]),
	part("mongo", "The log on MongoDB against bare insertMany", "--ms 2000 --rounds 3", "--ms 300 --rounds 1", [60, 10]),
	part("http", "The gateway against bare node:http", "--requests 40k --rounds 3", "--requests 2k --rounds 1", [90, 8]),
	part("moleculer", "Actors against bare Moleculer", "--calls 200k", "--calls 10k", [60, 10]),
	part(
		"metrics",
		"What the metrics cost",
		"--detections 60k --requests 40k --radars 1000 --pairs 3",
		"--detections 3k --requests 2k --radars 100 --pairs 1",
		[240, 20],
	),
	part("peers", "Against what a Node developer would pick instead", "", "--quick", [300, 60]),
];
