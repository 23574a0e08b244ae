/**
 * Send day - sends a day of traffic: passages as one long upload and sales in parallel as they are reported. Then it waits until all of it
 * is readable.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "./client.ts";
import type { Advance } from "./set-up.ts";
import type { Arrival, Passage, Sale } from "./traffic.ts";

interface BulkAnswer {
	readonly received: number;
	readonly recorded: number;
	readonly duplicates: number;
	readonly refused: number;
	readonly errors: readonly { readonly line?: number; readonly code?: string; readonly detail?: string }[];
}
export interface Sent extends BulkAnswer {
	readonly sales: readonly Sale[];
	readonly seconds: number;
	/** The position to send with a read of detections. */
	readonly position: string | null;
}
export interface Totals {
	readonly detections: number;
	readonly qualified: number;
	readonly infractions: number;
}

const SALES_AT_ONCE = 8;
const STANDSTILL_MS = 60_000;

export async function sendDay(client: Client, day: Iterable<Arrival>, advance: Advance): Promise<Sent> {
	const began = performance.now();
	const sales: Sale[] = [];
	const underWay = new Set<Promise<unknown>>();
	let passed = 0;
	async function* passages(): AsyncGenerator<Passage> {
		for (const arrival of day) {
			if (arrival.type === "passage") {
				yield arrival.passage;
				advance(++passed);
				continue;
			}
			const { vehicle, buyer, from } = arrival.sale;
			const reported = client.post(`/vehicles/${encodeURIComponent(vehicle)}/transfer`, { owner: buyer, from });
			sales.push(arrival.sale);
			underWay.add(reported);
			reported.then(
				() => underWay.delete(reported),
				() => undefined, // stays in the set, so that the next wait throws its error
			);
			if (underWay.size >= SALES_AT_ONCE) await Promise.race(underWay);
		}
		await Promise.all(underWay);
	}
	const { body, position } = await client.stream<BulkAnswer>("/detections", passages());
	return { ...body, sales, position, seconds: (performance.now() - began) / 1000 };
}

/** The totals that are readable now. */
export async function totals(client: Client): Promise<Totals> {
	const [detections, qualified, infractions] = await Promise.all([
		client.total("/detections"),
		client.total("/detections?status=qualified"),
		client.total("/infractions"),
	]);
	return { detections, qualified, infractions };
}

/**
 * Waits until `expected` detections are readable and each qualified one has its case. `advance` gets the progress of both. Throws if
 * nothing has changed for a minute.
 */
export async function waitUntilRead(client: Client, expected: number, advance: (done: number, total: number) => void): Promise<Totals> {
	let last: Totals = { detections: -1, qualified: -1, infractions: -1 };
	for (let moved = Date.now(); ; await pause(100)) {
		const now = await totals(client);
		const still = now.detections === last.detections && now.qualified === last.qualified && now.infractions === last.infractions;
		const complete = now.detections >= expected && now.infractions === now.qualified;
		advance(now.detections + now.infractions, Math.max(expected, now.detections) + now.qualified);
		if (complete && still) return now;
		if (!still) moved = Date.now();
		if (Date.now() - moved > STANDSTILL_MS)
			throw new Error(
				`no progress for a minute: ${now.detections} of ${expected} detections can be read, ${now.infractions} cases for ${now.qualified} qualified detections`,
			);
		last = now;
	}
}
