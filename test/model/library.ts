/** Library - a sample of two actors, a projection, a process and an effect, to test their grammar: books are lent to readers, who move. */
import { FREE } from "../support/access.ts";
import {
	aggregate,
	beside,
	effect,
	entryAfter,
	insert,
	type Instant,
	notBefore,
	processManager,
	projection,
	send,
	type Timeline,
	type Unknown,
	valueAt,
} from "../../model/index.ts";
import { factsOf } from "../../model/given.ts";

// -- Books and readers -------------------------------------------------------------
interface BookFacts {
	"book.bought": { title: string };
	"book.lent": { reader: string; until: Instant };
	"book.stamped": { stamp: string };
	"book.returned": Record<never, never>;
}
interface ReaderFacts {
	"reader.joined": { address: string; from: null };
	"reader.moved": { address: string; from: Instant };
}
type Any = Unknown | { readonly status: "known" };
const known = () => ({ status: "known" }) as const;
const shared = { statuses: { known: "it exists" }, commands: {}, asks: {} };

export const book = aggregate<Any, BookFacts>().define({
	...shared,
	name: "book",
	plural: "books",
	context: "shelf",
	reads: FREE,
	begins: ["book.bought"],
	evolve: { "book.bought": known, "book.lent": known, "book.stamped": known, "book.returned": known },
});
export const reader = aggregate<Any, ReaderFacts>().define({
	...shared,
	name: "reader",
	plural: "readers",
	context: "desk",
	reads: FREE,
	begins: ["reader.joined"],
	evolve: { "reader.joined": known, "reader.moved": known },
});
declare module "../../model/define.ts" {
	interface Commands {
		"card.post": { readonly id: string; readonly to: string | null };
		"card.record": { readonly id: string; readonly receipt: string };
		"card.give": { readonly id: string; readonly code: string; readonly detail: string };
	}
}

const ofBook = factsOf(book);
export const bought = (title = "Emma") => ofBook("book.bought", { title });
export const lent = (until: Instant, to = "ada") => ofBook("book.lent", { reader: to, until });
export const stamped = (stamp: string) => ofBook("book.stamped", { stamp });
export const returned = ofBook("book.returned", {});
const ofReader = factsOf(reader);
export const joined = (address: string) => ofReader("reader.joined", { address, from: null });
export const moved = (address: string, from: Instant) => ofReader("reader.moved", { address, from });

// -- The readers, with the number of their loans -------------------------------------
type Addresses = Timeline<string>;
interface Row {
	readonly addresses?: Addresses;
	readonly loans: number;
	readonly stamp?: string | undefined;
	readonly joined?: string;
}
interface Shown {
	readonly address: string;
	readonly loans: number;
	readonly stamp?: string | undefined;
	readonly joined: string;
}
type Facts = Pick<BookFacts, "book.bought" | "book.lent" | "book.returned"> & ReaderFacts;
const livesAt = (was: Addresses | undefined, { address, from }: { readonly address: string; readonly from: Instant | null }) =>
	insert(was ?? [], from, address);

export const readers = projection<Row, Facts, Shown>({
	name: "readers",
	of: "reader",
	may: FREE,
	follows: ["desk", "shelf"],
	on: {
		"reader.joined": (row, data, { at, by }) => ({ loans: 0, ...row, addresses: livesAt(row?.addresses, data), joined: `${by} at ${at}` }),
		"reader.moved": (row, data) => row && { ...row, addresses: livesAt(row.addresses, data) },
		"book.lent": {
			row: ({ reader }) => reader,
			fold: (row, _lent, origin) => ({
				...row,
				loans: (row?.loans ?? 0) + 1,
				stamp: beside<BookFacts, "book.stamped">(origin, "book.stamped")?.stamp,
			}),
		},
	},
	show: ({ addresses, loans, stamp, joined = "" }, now) =>
		addresses ? { address: valueAt(addresses, now) ?? "", loans, joined, ...(stamp === undefined ? {} : { stamp }) } : null,
	changesAt: ({ addresses = [] }, now) => entryAfter(addresses, now)?.from ?? null,
	filters: ["address"],
});

// -- A card to the reader of a book that is overdue ------------------------------------
interface Loan {
	readonly id: string;
	readonly reader?: string;
	readonly until?: Instant;
}
const loans = {
	follows: ["shelf", "desk"],
	subjects: {
		start: { "book.lent": (_none: Loan | null, loan: BookFacts["book.lent"], { id }: { readonly id: string }): Loan => ({ id, ...loan }) },
		continue: { "book.returned": (loan: Loan | null): Loan | null => loan && { id: loan.id } },
	},
};
interface Reader {
	readonly addresses: Addresses;
}
const whereabouts = {
	needs: ({ reader: reference, until: at }: Loan) => (reference && at ? { reference, at } : null),
	on: {
		"reader.joined": (row: Reader | null, data: ReaderFacts["reader.joined"]) => ({ addresses: livesAt(row?.addresses, data) }),
		"reader.moved": (row: Reader | null, data: ReaderFacts["reader.moved"]) => ({ addresses: livesAt(row?.addresses, data) }),
	},
	changed: ({ addresses }: Reader, { from }: { readonly from: Instant | null }) => ({
		from,
		to: entryAfter(addresses, from)?.from ?? null,
	}),
};
type Changed = typeof whereabouts.changed;

/** `changed` and `sends` may be wrong, to test that a sentence notices it. */
export const remindingBy = (changed: Changed, sends: readonly string[]) =>
	processManager<Loan, Facts, { reader: Reader }>({
		name: "reminding",
		...loans,
		references: { reader: { ...whereabouts, changed } },
		sends,
		next: ({ id, until }, { reader: at }) => {
			const to = at && until ? (valueAt(at.addresses, until) ?? null) : null;
			if (!until) return [];
			const posts = notBefore(until, send("card.post", { id, to }, until));
			return to === null ? [send("card.give", { id, code: "LOST", detail: "no address" }, "lost"), posts] : [posts];
		},
	});
export const reminding = remindingBy(whereabouts.changed, ["card.post", "card.give"]);

export const posting = effect<Loan, Facts, { reader: Reader }>({
	name: "posting",
	...loans,
	references: { reader: whereabouts },
	port: "mail",
	promise: "once",
	records: { succeeded: "card.record", failed: "card.give" },
	wanted: ({ id, until }, { reader: at }) => {
		const to = at && until ? valueAt(at.addresses, until) : undefined;
		return until && to !== undefined ? { id, request: { to }, cause: until, notBefore: until } : null;
	},
});
