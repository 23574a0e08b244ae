/** Outcome - reads the outcome of the traffic through the public interface. */
import type { Client } from "./client.ts";
import type { Advance } from "./set-up.ts";
import type { Sale } from "./traffic.ts";

export interface Outcome {
	readonly qualified: number;
	/** Number of detections, by reason. */
	readonly discarded: Tally;
	/** Number of cases, by status and by class. */
	readonly byStatus: Tally;
	readonly byClass: Tally;
	/** Minor units, by currency. */
	readonly standardMinor: Tally;
	readonly busiest: RadarRow | undefined;
	/** A sale between two cases of a vehicle, the first case after it, and the holder of that case; any case if there is no such sale. */
	readonly example: { readonly holder?: string; readonly infraction?: string; readonly sale?: Sale };
}
export type Tally = ReadonlyMap<string, number>;

interface DetectionRow {
	readonly reason?: string | null;
}
interface RadarRow {
	readonly id: string;
	readonly name?: string | null;
	readonly road?: string | null;
	readonly detections?: number;
	readonly qualified?: number;
}
interface InfractionRow {
	readonly id: string;
	readonly vehicle?: string | null;
	readonly holder: string | null;
	readonly status: string;
	readonly class: string | number;
	readonly occurredAt: string;
	readonly amounts: { readonly standardMinor: number; readonly currency: string } | null;
}

/** `position`: that of the last detection, so that the radars' counters include it. `advance` gets the number of rows read. */
export async function readOutcome(client: Client, sales: readonly Sale[], position: string | null, advance: Advance): Promise<Outcome> {
	let read = 0;
	const count = async <Row>(list: string, note: (row: Row) => void): Promise<void> => {
		for await (const row of client.rows<Row>(list, position)) {
			note(row);
			advance(++read);
		}
	};
	const discarded = new Map<string, number>();
	await count<DetectionRow>("/detections?status=discarded", ({ reason }) => add(discarded, reason ?? "without a reason"));
	const cases = new Cases(sales);
	await count<InfractionRow>("/infractions", (row) => cases.note(row));
	let busiest: RadarRow | undefined;
	await count<RadarRow>("/radars", (row) => void ((row.detections ?? 0) > (busiest?.detections ?? 0) && (busiest = row)));
	const qualified = await client.total("/detections?status=qualified");
	const { byStatus, byClass, standardMinor } = cases;
	return { qualified, discarded, byStatus, byClass, standardMinor, busiest, example: cases.example() };
}

/** Counts the cases as they are read, without storing them. */
class Cases {
	readonly byStatus = new Map<string, number>();
	readonly byClass = new Map<string, number>();
	readonly standardMinor = new Map<string, number>();
	readonly #sales: ReadonlyMap<string, Sale>;
	readonly #soldAfterACase = new Set<string>();
	/** By sold vehicle: the case that the sale had to move if it was reported late. */
	readonly #firstAfter = new Map<string, InfractionRow>();
	#any: InfractionRow | undefined;

	constructor(sales: readonly Sale[]) {
		this.#sales = new Map(sales.map((sale) => [sale.vehicle, sale]));
	}

	note(row: InfractionRow): void {
		add(this.byStatus, row.status);
		add(this.byClass, String(row.class));
		if (row.amounts) add(this.standardMinor, row.amounts.currency, row.amounts.standardMinor);
		if (row.holder !== null) this.#any ??= row;
		const sale = this.#sales.get(row.vehicle ?? "");
		if (!sale) return;
		const first = this.#firstAfter.get(sale.vehicle);
		if (row.occurredAt < sale.from) this.#soldAfterACase.add(sale.vehicle);
		else if (!first || row.occurredAt < first.occurredAt) this.#firstAfter.set(sale.vehicle, row);
	}

	example(): Outcome["example"] {
		const between = [...this.#sales.values()].filter(({ vehicle }) => this.#soldAfterACase.has(vehicle) && this.#firstAfter.has(vehicle));
		const sale = between.find(({ late }) => late) ?? between[0];
		const infraction = this.#firstAfter.get(sale?.vehicle ?? "") ?? this.#any;
		const holder = sale?.buyer ?? infraction?.holder;
		return { ...(sale && { sale }), ...(infraction && { infraction: infraction.id }), ...(typeof holder === "string" && { holder }) };
	}
}

function add(tally: Map<string, number>, key: string, by = 1): void {
	tally.set(key, (tally.get(key) ?? 0) + by);
}
