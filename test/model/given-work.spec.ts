/** Given work - the grammar of process and effect tests itself: a wrong expectation must fail, in every order of arrival. */
import { describe, expect, it } from "@jest/globals";
import { decisionsIn, ordersOf } from "../../model/given-facts.ts";
import { about, given } from "../../model/given-work.ts";
import { notBefore, processManager, send, type Sending } from "../../model/index.ts";
import { day, later } from "../grammar/words.ts";
import { book, bought, joined, lent, moved, posting, reader, reminding, remindingBy, returned } from "./library.ts";

const DUE = day(20);
const ada = (...facts: readonly ReturnType<typeof moved>[]) => about(reader, "ada", joined("Rome"), ...facts);
const loan = about(book, "B1", bought(), lent(DUE));
const posts = (to: string | null, id = "B1") => send("card.post", { id, to }, DUE);
const atDue = (sending: Sending) => notBefore(DUE, sending);
const lost = send("card.give", { id: "B1", code: "LOST", detail: "no address" }, "lost");

describe("a sentence about a process", () => {
	const lending = given(reminding, ada()).when(loan);
	it("passes if it is true", () => {
		lending.then(atDue(posts("Rome")));
		given(reminding)
			.when(loan)
			.then(lost, atDue(posts(null)));
		given(reminding)
			.when(loan)
			.then(atDue(posts(null)), lost);
		given(reminding, ada(), loan)
			.when(about(book, "B1", returned))
			.thenNothing();
	});
	it("is about the commands of all subjects", () =>
		given(reminding, ada(), loan)
			.when(about(book, "B2", bought(), lent(DUE)))
			.then(atDue(posts("Rome")), atDue(posts("Rome", "B2"))));
	it("uses a reference at the instant at which the subject needs it", () => {
		given(reminding, loan)
			.when(ada(moved("Oslo", DUE)))
			.then(atDue(posts("Oslo")));
		given(reminding, loan)
			.when(ada(moved("Oslo", later(DUE, 1))))
			.then(atDue(posts("Rome")));
	});
	it.each([
		["no command", () => lending.thenNothing()],
		[
			"a command if none is needed",
			() =>
				given(reminding)
					.when(about(book, "B1", bought()))
					.then(posts("Rome")),
		],
		["another action", () => lending.then(lost)],
		["other params", () => lending.then(atDue(posts("Oslo")))],
		["another subject", () => lending.then(atDue(posts("Rome", "B2")))],
		["another cause", () => lending.then({ ...atDue(posts("Rome")), cause: "other" })],
		["no instant", () => lending.then(posts("Rome"))],
		["another instant", () => lending.then(notBefore(later(DUE, 1), posts("Rome")))],
		["one command too many", () => lending.then(atDue(posts("Rome")), lost)],
		["one command too few", () => given(reminding).when(loan).then(lost)],
	])("fails if it expects %s", (_what, sentence) => expect(sentence).toThrow(/\nnot\n/));
	it("names the facts that arrived", () =>
		expect(() => lending.thenNothing()).toThrow("after book.bought of book B1, book.lent of book B1 it needs"));
});

describe("at an instant", () => {
	const unknown = given(reminding).when(loan);
	it("only the commands are sent whose own instant is reached", () => {
		unknown.at(later(DUE, -1)).then(lost);
		unknown.at(DUE).then(lost, posts(null));
		given(reminding, ada()).when(loan).at(later(DUE, -1)).thenNothing();
	});
	it.each([
		["a command too early", () => unknown.at(later(DUE, -1)).then(lost, posts(null))],
		["a command too late", () => unknown.at(DUE).then(lost)],
		["no command", () => unknown.at(DUE).thenNothing()],
	])("a sentence fails if it expects %s", (_what, sentence) => expect(sentence).toThrow(/\nnot\n/));
});

describe("in any order", () => {
	/** Depends on the order of arrival: a loan is lost if its reader is known first. */
	interface Early {
		readonly first: "book" | "reader";
	}
	const hasty = processManager<Early, { "book.lent": object; "reader.joined": object }>({
		name: "hasty",
		follows: ["shelf", "desk"],
		subjects: {
			start: {
				"book.lent": (known) => known ?? { first: "book" },
				"reader.joined": { row: () => "B1", fold: (known) => known ?? { first: "reader" } },
			},
			continue: {},
		},
		sends: ["card.give"],
		next: ({ first }) => (first === "reader" ? [lost] : []),
	});
	it("a sentence holds for every order that keeps the order of each actor", () => {
		given(reminding)
			.when(ada(moved("Oslo", day(10)), moved("Bern", day(15))), loan)
			.inAnyOrder()
			.then(atDue(posts("Bern")));
		given(reminding, ada())
			.when(about(book, "B1", bought(), lent(DUE), returned))
			.inAnyOrder()
			.thenNothing();
	});
	it("a sentence fails if it does not hold for one order", () => {
		given(hasty).when(loan, ada()).thenNothing();
		given(hasty).when(ada(), loan).then(lost);
		expect(() => given(hasty).when(loan, ada()).inAnyOrder().thenNothing()).toThrow(
			"after book.bought of book B1, reader.joined of reader ada, book.lent of book B1 it needs",
		);
		expect(() => given(hasty).when(loan, ada()).inAnyOrder().then(lost)).toThrow(/\nnot\n/);
	});
	it("earlier facts stay earlier", () => given(hasty, ada()).when(loan).inAnyOrder().then(lost));
	it("every order is tried once", () => {
		const facts = [ada(moved("Oslo", day(10))), about(reader, "bob", joined("Paris")), loan];
		const orders = ordersOf(decisionsIn(facts, reminding.follows)).map((order) => order.map(({ id, version }) => `${id}:${version}`));
		expect(new Set(orders.map(String)).size).toBe(30); // 5! / (2! 1! 2!)
		expect(orders).toHaveLength(30);
		for (const order of orders) {
			expect(order.toSorted()).toEqual(["B1:1", "B1:2", "ada:1", "ada:2", "bob:1"]);
			expect(order.filter((one) => one.startsWith("ada"))).toEqual(["ada:1", "ada:2"]);
			expect(order.filter((one) => one.startsWith("B1"))).toEqual(["B1:1", "B1:2"]);
		}
	});
	it("more than 5040 orders are refused", () => {
		const many = (count: number) => Array.from({ length: count }, (_, n) => about(reader, `r${n}`, joined("Rome")));
		given(reminding, loan)
			.when(ada(), ...many(6))
			.inAnyOrder()
			.then(atDue(posts("Rome")));
		expect(() =>
			given(reminding, loan)
				.when(ada(), ...many(7))
				.inAnyOrder(),
		).toThrow("40320 orders of arrival are too many: at most 5040");
	});
});

describe("a sentence about an effect", () => {
	const work = { id: "B1", request: { to: "Rome" }, cause: DUE };
	it("passes if it is true", () => {
		given(posting)
			.when(ada(), loan)
			.inAnyOrder()
			.then({ ...work, notBefore: DUE });
		given(posting).when(loan).thenNothing();
		given(posting, ada(), loan)
			.when(about(book, "B1", returned))
			.thenNothing();
		given(posting, ada()).when(loan).at(later(DUE, -1)).thenNothing();
		given(posting, ada()).when(loan).at(DUE).then(work);
	});
	it.each([
		["no work", () => given(posting, ada()).when(loan).thenNothing()],
		[
			"other work",
			() =>
				given(posting, ada())
					.when(loan)
					.then({ ...work, request: { to: "Oslo" }, notBefore: DUE }),
		],
		["work if none is wanted", () => given(posting).when(loan).then(work)],
		["work at once if it has an instant", () => given(posting, ada()).when(loan).then(work)],
	])("fails if it expects %s", (_what, sentence) => expect(sentence).toThrow(/\nnot\n/));
});

describe("a defect of a process throws in every sentence:", () => {
	it("a command that is not in `sends`", () =>
		expect(() =>
			given(remindingBy(() => ({ from: null, to: null }), ["card.post"]))
				.when(loan)
				.then(lost),
		).toThrow("reminding needs card.give, which is not in its `sends`"));
	it("a reference that wakes too few subjects", () => {
		const deaf = remindingBy(() => ({ from: day(1), to: DUE }), reminding.sends);
		given(deaf, ada())
			.when(loan)
			.then(atDue(posts("Rome")));
		expect(() =>
			given(deaf, loan)
				.when(ada())
				.then(atDue(posts("Rome"))),
		).toThrow("reminding needs something else for B1, which no fact woke");
	});
	it("a subject that is not woken keeps the params of its command", () => {
		const deaf = remindingBy(() => ({ from: null, to: day(1) }), reminding.sends);
		expect(() =>
			given(deaf, ada(), loan)
				.when(about(reader, "ada", moved("Oslo", day(2))))
				.then(atDue(posts("Oslo"))),
		).toThrow(/\nnot\n/);
	});
});
