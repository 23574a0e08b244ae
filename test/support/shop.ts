/**
 * Shop - a sample projection over two logs for tests of row stores: things with a name, a price that can change at a given time, and the
 * number of sales, by tills in its own log and by a web shop in another.
 */
import { FREE } from "./access.ts";
import { projection, type Instant } from "../../model/index.ts";
import type { Commit } from "../../store/log.ts";
import { chainedAfter, type Drafted, EMPTY } from "./commits.ts";

interface Facts {
	"thing.made": { name: string; price: number };
	"thing.renamed": { name: string };
	/** A price that takes effect at an instant. */
	"thing.priced": { price: number; from: Instant };
	"till.sold": { thing: string; amount: number };
	"web.sold": { thing: string; amount: number };
	"label.put": { text: string };
	"label.torn": Record<never, never>;
}
interface Row {
	readonly name?: string;
	readonly price?: number;
	readonly next?: { readonly price: number; readonly from: Instant };
	readonly sold?: number;
	readonly text?: string;
}
interface Shown {
	readonly name?: string;
	readonly text?: string;
	readonly price: number;
	readonly sold: number;
}

const sold = {
	row: ({ thing }: { thing: string }) => (thing === "" ? null : thing),
	fold: (row: Row | null, { amount }: { amount: number }): Row => {
		if (amount < 0) throw new RangeError("a negative amount cannot be sold");
		return { ...row, sold: (row?.sold ?? 0) + amount };
	},
};

export const things = projection<Row, Facts, Shown>({
	name: "things",
	of: "thing",
	may: FREE,
	follows: ["shop", "web"],
	on: {
		"thing.made": (row, { name, price }) => ({ ...row, name, price }),
		"thing.renamed": (row, { name }) => ({ ...row, name }),
		"thing.priced": (row, next) => ({ ...row, next }),
		"till.sold": sold,
		"web.sold": sold,
		"label.put": (_row, { text }) => ({ text }),
		"label.torn": () => null,
	},
	show: (row, now) => {
		if (row.text !== undefined) return { text: row.text, price: 0, sold: 0 };
		if (row.name === undefined) return null; // the sale arrived before the thing
		return { name: row.name, price: row.next && row.next.from <= now ? row.next.price : (row.price ?? 0), sold: row.sold ?? 0 };
	},
	changesAt: ({ next }, now) => (next && next.from > now ? next.from : null),
	filters: ["name", "text"],
	sorts: ["price", "sold"],
	counted: ["name"],
});

/** An event of the shop, with its log. */
export interface Event {
	readonly log: "shop" | "web";
	readonly what: "made" | "renamed" | "priced" | "sold" | "label" | "torn" | "both";
	readonly id: string;
	readonly amount: number;
}

/** The two logs of some events, with one commit per event. */
export function logsOf(events: readonly Event[]): Record<Event["log"], Commit[]> {
	const versions = new Map<string, number>();
	const draft = ({ log, what, id, amount }: Event): Drafted => {
		const facts = factsOf(log, what, id, amount);
		const stream = `${facts[0]?.type.split(".")[0]}-${what === "sold" ? `till-${amount}` : id}`;
		const version = versions.get(`${log}/${stream}`) ?? 0;
		versions.set(`${log}/${stream}`, version + facts.length);
		return { stream, version, facts };
	};
	const of = (log: Event["log"]) =>
		chainedAfter(EMPTY, events.filter((event) => (event.what === "sold" ? event.log : "shop") === log).map(draft));
	return { shop: of("shop"), web: of("web") };
}

function factsOf(log: Event["log"], what: Event["what"], id: string, amount: number) {
	const said = {
		made: [{ type: "thing.made", data: { name: `${id}!`, price: amount } }],
		renamed: [{ type: "thing.renamed", data: { name: `${id}${amount}` } }],
		priced: [{ type: "thing.priced", data: { price: amount, from: `2026-03-0${(amount % 3) + 1}T00:00:00.000Z` } }],
		sold: [{ type: `${log === "shop" ? "till" : "web"}.sold`, data: { thing: id, amount } }],
		label: [{ type: "label.put", data: { text: `${amount}` } }],
		torn: [{ type: "label.torn", data: {} }],
		both: [
			{ type: "thing.renamed", data: { name: `${id}${amount}` } },
			{ type: "thing.renamed", data: { name: `${id}${amount}?` } },
		],
	};
	return said[what];
}
