/** Growth reads - typical reads while the log grows, one at a time over HTTP on an otherwise idle system. */
import type { Table } from "../rig/result.ts";
import type { Product } from "../rig/product.ts";
import { Recorder } from "../rig/quantile.ts";
import { plateOf, radarId, type Traffic } from "../rig/traffic.ts";
import { Wire } from "../rig/wire.ts";

export const readNames = ["a row", "first page", "of a radar", "of a plate", "count by status", "page 500"] as const;
export type Reads = Readonly<Record<(typeof readNames)[number], { readonly p50Ms: number; readonly p99Ms: number }>>;

/** 100k, 1M, 5M, 10M, a year, and the end. */
export const marked = (to: number): readonly number[] => [...[1e5, 1e6, 5e6, 1e7, 20_900_000].filter((mark) => mark < to), to];

/** An index spread over all of them, the same on each run. */
const spreadOver = (count: number, index: number): number => (index * 7_919) % count;

function questions(traffic: Traffic): Readonly<Record<(typeof readNames)[number], (index: number) => string>> {
	const radars = traffic.tallies.length;
	const detection = (index: number) => `d-${String(spreadOver(traffic.sent, index) + 1).padStart(9, "0")}`;
	return {
		"a row": (index) => `/api/detections/${detection(index)}`,
		"first page": () => "/api/detections?pageSize=20&sort=-id",
		"of a radar": (index) => `/api/detections?pageSize=20&radar=${radarId(spreadOver(radars, index))}`,
		"of a plate": (index) => `/api/infractions?pageSize=20&plate=${plateOf(spreadOver(50_000, index))}`,
		"count by status": (index) => `/api/infractions?pageSize=1&status=${index % 2 === 0 ? "open" : "unidentified"}`,
		"page 500": (index) => `/api/detections?pageSize=20&page=${Math.max(1, Math.min(500, Math.floor(traffic.sent / 20)) - (index % 10))}`,
	};
}

/** Time limit for each kind of read, so that slow reads run fewer times. */
const patienceMs = 10_000;

export async function readsAt(product: Product, traffic: Traffic, count: number): Promise<Reads> {
	const wire = new Wire(product.port);
	const found = [];
	for (const [name, path] of Object.entries(questions(traffic))) {
		const took = new Recorder();
		const begun = performance.now();
		for (let index = 0; index < count && performance.now() - begun < patienceMs; index++) {
			const sent = performance.now();
			await wire.done("GET", path(index));
			took.record(performance.now() - sent);
		}
		found.push([name, { p50Ms: took.at(0.5), p99Ms: took.at(0.99) }]);
	}
	wire.close();
	return Object.fromEntries(found) as Reads; // the names of the questions
}

export function readsTable(marks: readonly { readonly stored: number; readonly reads: Reads }[], count: number): Table {
	return {
		caption: `Reads through the gateway, up to ${count} of each, one at a time: p50 / p99 in ms.`,
		columns: ["stored", ...readNames],
		rows: marks.map(({ stored, reads }) => [
			stored,
			...readNames.map((name) => `${reads[name].p50Ms.toFixed(1)} / ${reads[name].p99Ms.toFixed(1)}`),
		]),
	};
}
