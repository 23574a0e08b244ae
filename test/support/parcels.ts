/**
 * Parcels - a sample process: each parcel is delivered to its customer's address at the time of sending, and moved if that address is
 * corrected later. A delivered parcel is returned after its last day unless it is collected. It also models the other actors, which
 * execute each command once.
 */
import type { Outcome } from "../../mixins/actors/outcome.ts";
import type { Send } from "../../mixins/processes/outbox.ts";
import { entryAfter, COMMON_CODES, insert, notBefore, processManager, type Instant, type Timeline, valueAt } from "../../model/index.ts";
import { chainedAfter } from "./commits.ts";
import type { Shelf } from "./scripted-log.ts";

interface Facts {
	"parcel.sent": { customer: string; at: Instant; insured?: true; until?: Instant };
	"parcel.collected": Record<never, never>;
	"customer.moved": { from: Instant | null; address: string | null };
	"delivery.opened": { address: string | null };
	"delivery.moved": { address: string | null };
	"delivery.insured": Record<never, never>;
	"delivery.returned": Record<never, never>;
}
interface Parcel {
	readonly id?: string;
	readonly customer?: string;
	readonly at?: Instant;
	/** Whether insurance was requested and granted. */
	readonly insured?: true;
	readonly isInsured?: true;
	/** The last instant at which it can be collected, and whether it was collected or returned. */
	readonly until?: Instant;
	readonly isOver?: true;
	readonly stands?: { readonly id: string; readonly version: number; readonly address: string | null };
}
interface Customer {
	readonly addresses: Timeline<string | null>;
}

const stands = (
	parcel: Parcel | null,
	{ address }: { address: string | null },
	{ id, version }: { id: string; version: number },
): Parcel => ({ ...parcel, stands: { id, version, address } });
export const delivering = processManager<Parcel, Facts, { customer: Customer }>({
	name: "delivering",
	follows: ["post", "people", "round"],
	subjects: {
		start: { "parcel.sent": (parcel, sent, { id }) => ({ ...parcel, id, ...sent }) },
		continue: {
			"delivery.opened": stands,
			"delivery.moved": stands,
			"delivery.insured": (parcel) => ({ ...parcel, isInsured: true }),
			"parcel.collected": (parcel) => ({ ...parcel, isOver: true }),
			"delivery.returned": (parcel) => ({ ...parcel, isOver: true }),
		},
	},
	references: {
		customer: {
			needs: ({ customer, at }) => (customer && at ? { reference: customer, at } : null),
			on: { "customer.moved": (known, { from, address }) => ({ addresses: insert(known?.addresses ?? [], from, address) }) },
			changed: ({ addresses }, { from }) => ({ from, to: entryAfter(addresses, from)?.from ?? null }),
		},
	},
	sends: ["delivery.open", "delivery.move", "delivery.insure", "delivery.return"],
	next: ({ id, at, insured, isInsured, until, isOver, stands: now }, { customer }) => {
		if (!id || !at) return []; // the delivery arrived before the parcel
		const address = customer ? (valueAt(customer.addresses, at) ?? null) : null;
		if (!now) return [{ action: "delivery.open", params: { id, address }, cause: "open" }];
		const moves = { action: "delivery.move", params: { id: now.id, address }, cause: `${now.version}` };
		const insures = { action: "delivery.insure", params: { id: now.id }, cause: "insure" };
		const returns = until && !isOver ? [notBefore(until, { action: "delivery.return", params: { id: now.id }, cause: "return" })] : [];
		return [...(now.address === address ? [] : [moves]), ...(insured && !isInsured ? [insures] : []), ...returns];
	},
});

export interface Sent {
	readonly id: string;
	readonly customer: string;
	/** Day of March on which it was sent. */
	readonly day: number;
	/** Whether it must be insured once it is on its way. */
	readonly insured?: boolean;
	/** Last instant at which it can be collected. */
	readonly until?: Instant;
}
/** The customer collects the parcel. */
export interface Collected {
	readonly collected: string;
}
export interface Moved {
	readonly customer: string;
	/** First day of March; null for the beginning of time. */
	readonly from: number | null;
	readonly address: string | null;
}

const dayOf = (day: number): Instant => `2026-03-${String(day).padStart(2, "0")}T08:00:00.000Z`;

/** A fact about a parcel or a customer, with its stream. */
export type Said = readonly [stream: string, fact: { readonly type: string; readonly data: object }];
export const saidOf = (one: Sent | Moved | Collected): Said =>
	"collected" in one
		? [`parcel-${one.collected}`, { type: "parcel.collected", data: {} }]
		: "id" in one
			? [
					`parcel-${one.id}`,
					{
						type: "parcel.sent",
						data: {
							customer: one.customer,
							at: dayOf(one.day),
							...(one.insured ? { insured: true } : {}),
							...(one.until ? { until: one.until } : {}),
						},
					},
				]
			: [
					`customer-${one.customer}`,
					{ type: "customer.moved", data: { from: one.from === null ? null : dayOf(one.from), address: one.address } },
				];

/** The expected final address of every parcel. */
export function addressesBy(parcels: readonly Sent[], moves: readonly Moved[]): Record<string, string | null> {
	const last = (customer: string, day: number): string | null => {
		const known = moves.filter((move) => move.customer === customer && (move.from ?? 0) <= day);
		const from = Math.max(...known.map((move) => move.from ?? 0));
		return known.findLast((move) => (move.from ?? 0) === from)?.address ?? null;
	};
	return Object.fromEntries(parcels.map(({ id, customer, day }) => [id, last(customer, day)]));
}

/** The actors that receive the process's commands; each command is executed once, with its facts in the log of the round. */
export class Round {
	readonly shelf: Shelf;
	readonly addresses = new Map<string, string | null>();
	/** Whether parcels with a bad name are refused. */
	strict = true;
	/** Whether the clock of the round is behind, so that returns are too early. */
	isEarly = false;
	/** Every received command, including repeated ones. */
	readonly asked: string[] = [];
	readonly #done = new Set<string>();
	readonly #versions = new Map<string, number>();

	constructor(shelf: Shelf) {
		this.shelf = shelf;
	}
	/** Executes a command once; refuses a parcel with a bad name, and a return that is too early by the clock of the round. */
	execute(action: string, { params, commandId = "" }: Parameters<Send>[1][number]): Outcome {
		const id = String(params["id"]);
		if (action === "delivery.return" && this.isEarly)
			return { refusal: { status: 409, code: COMMON_CODES.NOT_YET.name, detail: "It is too early" } };
		if (this.strict && id.startsWith("bad")) return { refusal: { status: 409, code: "NO_SUCH_STREET", detail: "There is no such street" } };
		if (!this.#done.has(commandId) && !(action === "delivery.open" && this.addresses.has(id))) {
			const version = this.#versions.get(id) ?? 0;
			const fact = this.#factOf(action, id, params["address"] as string | null); // our own commands
			this.shelf.put(chainedAfter(this.shelf.tail, [{ stream: `delivery-${id}`, version, facts: [fact], commandId }]));
			this.#versions.set(id, version + 1);
			this.#done.add(commandId);
		}
		return { done: { id, version: 0, position: "", begun: false, replayed: false, written: true, answer: {} } };
	}
	#factOf(action: string, id: string, address: string | null) {
		if (action === "delivery.insure") return { type: "delivery.insured", data: {} };
		if (action === "delivery.return") return { type: "delivery.returned", data: {} };
		this.addresses.set(id, address);
		return { type: action === "delivery.open" ? "delivery.opened" : "delivery.moved", data: { address } };
	}
}
