/** Given rows - the grammar of projection tests itself: a wrong expectation must fail, and rows are frozen. */
import { FREE } from "../support/access.ts";
import { describe, expect, it } from "@jest/globals";
import { decisionsIn } from "../../model/given-facts.ts";
import { about, given } from "../../model/given-rows.ts";
import { projection } from "../../model/index.ts";
import { day, later } from "../grammar/words.ts";
import { book, bought, joined, lent, moved, reader, readers, stamped } from "./library.ts";

const ada = about(reader, "ada", joined("Rome"), moved("Oslo", day(10)));
const moving = given(readers, ada);
const row = { id: "ada", version: 2, address: "Rome", loans: 0, joined: "someone at 2026-01-01T12:00:00.000Z" };

describe("a sentence", () => {
	it("passes if it is true", () => {
		moving.then(row);
		moving.at(later(day(10), -1)).then(row);
		moving.at(day(10)).then({ ...row, address: "Oslo" });
		moving.at(day(10)).thenHas({ address: "Oslo", stamp: undefined });
		moving.thenChangesAt(day(10));
		moving.at(day(10)).thenNeverChanges();
		moving.row("bob").thenNothing();
	});
	it.each([
		["another row", () => moving.then({ ...row, loans: 1 })],
		["a row without one of its fields", () => moving.then({ ...row, address: "Rome", stamp: "S" })],
		["another field", () => moving.thenHas({ address: "Oslo" })],
		["no value of a field that has one", () => moving.thenHas({ address: undefined })],
		["a value of a field that has none", () => moving.thenHas({ stamp: "S" })],
		["no row", () => moving.thenNothing()],
		["a row if there is none", () => moving.row("bob").then(row)],
		["a field if there is no row", () => moving.row("bob").thenHas({ loans: 0 })],
		["an absent field if there is no row", () => moving.row("bob").thenHas({ stamp: undefined })],
		["no fields if there is no row", () => moving.row("bob").thenHas({})],
		["another instant of change", () => moving.thenChangesAt(day(11))],
		["an instant of change if there is none", () => moving.at(day(10)).thenChangesAt(day(10))],
		["no change", () => moving.thenNeverChanges()],
	])("fails if it expects %s", (_what, sentence) => expect(sentence).toThrow(/\nnot\n/));
	it("has the row as stored and as read", () => {
		expect(moving.stored).toMatchObject({ addresses: [{ value: "Rome" }, { value: "Oslo" }], version: 2 });
		expect(moving.at(day(10)).shown).toEqual({ ...row, address: "Oslo" });
		expect(moving.row("bob").stored).toBeNull();
		expect(moving.row("bob").shown).toBeNull();
	});
	it("needs the id of the row if the facts are about several actors, or none, of the projection", () => {
		const both = given(readers, ada, about(reader, "bob", joined("Paris")));
		expect(() => both.then(row)).toThrow("say which row is read");
		both.row("ada").then(row);
		both.row("bob").thenHas({ address: "Paris", version: 1 });
		expect(() => given(readers).thenNothing()).toThrow("say which row is read");
	});
	it("does not ask when a row changes that does not exist", () =>
		expect(() => given(readers).row("ada").thenNeverChanges()).toThrow("readers has no row ada"));
});

describe("a fact", () => {
	it("has the origin of its decision", () => {
		given(readers, about(reader, "ada", joined("Rome")).at(day(3)).by("op")).thenHas({ joined: `op at ${day(3)}` });
		given(readers, about(reader, "ada", joined("Rome")), about(reader, "ada", moved("Oslo", day(10)))).thenHas({ version: 2 });
	});
	it("has a position in a partition of its actor, in the log of its context", () => {
		const lending = about(book, "B1", bought(), [stamped("S"), lent(day(5))]);
		const decisions = decisionsIn([ada, lending, about(reader, "bob", joined("Paris")), ada], readers.follows);
		const places = decisions.map(({ log, partition, position, service, id, version }) => [log, partition, position, service, id, version]);
		expect(places).toEqual([
			["desk", 0, 1, "reader", "ada", 1],
			["desk", 0, 2, "reader", "ada", 2],
			["shelf", 0, 1, "book", "B1", 1],
			["shelf", 0, 2, "book", "B1", 3],
			["desk", 1, 1, "reader", "bob", 1],
			["desk", 0, 3, "reader", "ada", 3],
			["desk", 0, 4, "reader", "ada", 4],
		]);
	});
	it("may change the row of another actor, whose version stays", () => {
		const lending = about(book, "B1", bought(), lent(day(5)), lent(day(9)));
		given(readers, ada, lending).then({ ...row, loans: 2 });
		given(readers, lending, ada).then({ ...row, loans: 2 });
		given(readers, lending).row("ada").thenNothing();
	});
	it("of the same decision is beside it, and a fact of another decision is not", () => {
		given(readers, ada, about(book, "B1", bought(), [stamped("S"), lent(day(5))])).thenHas({ loans: 1, stamp: "S" });
		given(readers, ada, about(book, "B1", bought(), stamped("S"), lent(day(5)))).thenHas({ loans: 1, stamp: undefined });
	});
	it("cannot come first if it does not create its actor", () =>
		expect(() => given(readers, about(reader, "ada", moved("Oslo", day(10))))).toThrow("No reader begins with reader.moved"));
	it("cannot come from a log that the projection does not follow", () => {
		const deaf = { ...readers, follows: ["desk"] };
		expect(() => given(deaf, about(book, "B1", bought()))).toThrow("The log shelf of book is not followed");
	});
	it("and its row are frozen, so writing to them throws", () => {
		interface Home {
			readonly home: { readonly address: string };
		}
		const writes = (to: "row" | "home" | "data") =>
			projection<Home, { "reader.joined": { address: string }; "reader.moved": { address: string } }>({
				...{ name: "readers", of: "reader", may: FREE, follows: ["desk"], filters: [], show: (kept) => kept },
				on: {
					"reader.joined": (_none, { address }) => ({ home: { address } }),
					"reader.moved": (kept, data) => kept && (Object.assign({ row: kept, home: kept.home, data }[to], { address: "Bern" }), kept),
				},
			});
		for (const to of ["row", "home", "data"] as const) expect(() => given(writes(to), ada)).toThrow(/read only|not extensible/);
	});
	it("is copied, so later changes to it do not change the sentence", () => {
		const data = { address: "Rome", from: null };
		const sentence = given(readers, about(reader, "ada", { type: "reader.joined", data }));
		data.address = "Oslo";
		sentence.thenHas({ address: "Rome" });
	});
});
