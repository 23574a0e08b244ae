/**
 * Shop - a made-up projection over two logs for those who keep rows: things with a name and a price that may change by itself, and
 * how often each was sold, by tills of its own log and by a web shop in another one.
 */
import { projection, type Instant } from "../../model/index.ts";
import type { Commit } from "../../store/log.ts";
import { chainedAfter, type Drafted, EMPTY } from "./commits.ts";

interface Facts {
	"thing.made": { name: string; price: number };
	"thing.renamed": { name: string };
	/** From an instant on: until then it reads as before. */
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
		if (amount < 0) throw new RangeError("nothing is sold less than not at all");
		return { ...row, sold: (row?.sold ?? 0) + amount };
	},
};

export const things = projection<Row, Facts, Shown>({
	name: "things",
	of: "thing",
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
		if (row.name === undefined) return null; // sold before it was heard of
		return { name: row.name, price: row.next && row.next.from <= now ? row.next.price : (row.price ?? 0), sold: row.sold ?? 0 };
	},
	due: ({ next }, now) => (next && next.from > now ? next.from : null),
	filters: ["name", "text"],
	sorts: ["price", "sold"],
	counted: ["name"],
});

/** What happens in the shop: which log says it, and how. */
export interface Event {
	readonly log: "shop" | "web";
	readonly what: "made" | "renamed" | "priced" | "sold" | "label" | "torn" | "both";
	readonly id: string;
	readonly amount: number;
}

/** The two logs those events make, a commit each. */
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
