/** Judged - sends passages in bulk and returns a short text for each result, for tables of legal rules. */
import { expect } from "@jest/globals";
import { eventually, type Row, type System } from "../support/system.ts";
import { amountsOf, answered, caughtUp, noon, radarInService } from "./scenery.ts";

let made = 0;
export const unique = (prefix: string): string => `${prefix}-${++made}`;

/** Installs a new radar, in service and certified; returns its id. */
export async function installed(system: System, given: Row): Promise<string> {
	const id = unique("r");
	await radarInService(system, id, given);
	return id;
}

export interface Passage {
	readonly what: string;
	readonly radar: string;
	readonly speedKmh: number;
	readonly capturedAt?: string;
	readonly vehicleClass?: string;
	readonly plate?: string;
}

/** Sends all passages in bulk, waits for their infractions, and returns a text for each, in order. */
export async function judged(system: System, passages: readonly Passage[], say: (row: Row) => string): Promise<string[]> {
	const common = { plate: "AA-123-AA", country: "FR", capturedAt: noon };
	const sent = passages.map(({ what: _, ...passage }) => ({ id: unique("d"), ...common, ...passage }));
	const { body } = answered(200, await system.ndjson(sent));
	expect(body).toMatchObject({ received: sent.length, recorded: sent.length, duplicates: 0, refused: 0 });
	await caughtUp(system);
	const rows = await eventually(async () => {
		const found = new Map((await system.rows("/infractions")).map((row) => [row["id"], row]));
		const missing = passages.filter((_, n) => !found.has(sent[n]?.id));
		if (missing.length > 0) throw new Error(`no infraction: ${missing.map(({ what }) => what).join("; ")}`);
		return found;
	}, 5_000);
	return passages.map(({ what }, n) => `${what}: ${say(rows.get(sent[n]?.id) ?? {})}`);
}

/** Amounts in the notation of the legal texts: reduced/standard/increased, in whole units. */
export function money(row: Row): string {
	const amounts = amountsOf(row);
	return amounts ? amounts.map((part) => (typeof part === "number" ? part / 100 : part)).join("/") : "no fixed amount";
}
