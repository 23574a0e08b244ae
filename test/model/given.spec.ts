/** Given - the test grammar itself: a wrong expectation must fail, and states are frozen. */
import { FREE } from "../support/access.ts";
import { describe, expect, it } from "@jest/globals";
import { factsOf, given } from "../../model/given.ts";
import { aggregate, consult, id, integer, invariant, optional, refuse, type Unknown, unknownCode } from "../../model/index.ts";

// -- A jar of coins ---------------------------------------------------------------
type Jar = Unknown | { readonly status: "whole" | "broken"; readonly coins: readonly number[]; readonly name: string };
interface JarFacts {
	"jar.bought": { name: string };
	"jar.filled": { coin: number; by: string; at: string };
	"jar.broken": Record<string, never>;
}
const { ask, command, define, fact } = aggregate<Jar, JarFacts>();
const isNotFull = invariant("JAR_FULL", "A jar holds two coins", ({ state }: { state: Exclude<Jar, Unknown> }) => state.coins.length < 2);
const jar = define({
	name: "jar",
	plural: "jars",
	context: "kitchen",
	reads: FREE,
	statuses: { whole: "it holds coins", broken: "it holds none" },
	begins: ["jar.bought"],
	commands: {
		buy: command(
			{ id: id() },
			{
				may: FREE,
				allowedIn: ["unknown"],
				normalise: ({ id }) => ({ id: id.toUpperCase() }),
				identity: ({ id }) => `jar-${id}`,
				already: (state) => state.name !== "",
				consult: { owner: consult("owner.exists", ({ id }: { id: string }) => (id === "FREE" ? null : { id })) },
				decide: (_unknown, _params, { id }) => [fact("jar.bought", { name: id })],
			},
		),
		fill: command(
			{ id: id(), coin: optional(integer(1, 2)) },
			{
				may: FREE,
				allowedIn: ["whole"],
				already: (state, { coin = 1 }) => state.coins.includes(coin),
				require: [isNotFull],
				decide: (_whole, { coin = 1 }, { by, now: at }) => [fact("jar.filled", { coin, by, at })],
				answer: (facts) => ({ coins: facts.length }),
			},
		),
		shatter: command(
			{ id: id() },
			{ may: FREE, allowedIn: ["whole"], decide: (state) => (Reflect.set(state, "status", "broken"), [fact("jar.broken", {})]) },
		),
	},
	asks: { coins: ask({ id: id() }, {}, (state) => state.coins.length) },
	evolve: {
		"jar.bought": (_unknown, { name }) => ({ status: "whole", coins: [], name }),
		"jar.filled": (state, { coin }) => ({ ...state, coins: [...state.coins, coin] }),
		"jar.broken": (state) => ({ ...state, status: "broken" }),
	},
});
const says = factsOf(jar);
const bought = says("jar.bought", { name: "it" });
const now = "2026-03-01T08:15:00.000Z";
const filled = (coin: number) => says("jar.filled", { coin, by: "ada", at: now });
const whole = given(jar, bought).at(now).by("ada");

describe("a sentence", () => {
	it("passes if it is true", () => {
		whole.when("fill", { coin: 1 }).then(filled(1));
		whole.when("fill", {}).then(filled(1));
		whole.when("fill", {}).thenAnswered({ coins: 1 });
		given(jar, bought, filled(1)).when("fill", {}).thenNothing();
		given(jar, bought, filled(1)).ask("coins", {}).thenAnswered(1);
	});
	it.each([
		["another fact", () => whole.when("fill", {}).then(filled(2))],
		["one fact too many", () => whole.when("fill", {}).then(filled(1), filled(2))],
		["nothing", () => whole.when("fill", {}).thenNothing()],
		["a refusal", () => whole.when("fill", {}).thenRefused("JAR_FULL")],
		["another answer", () => whole.when("fill", {}).thenAnswered({ coins: 2 })],
		["a fact if none follows", () => given(jar, bought, filled(1)).when("fill", {}).then(filled(1))],
		["a fact if it is refused", () => given(jar).when("fill", {}).then(filled(1))],
		["an answer if it is refused", () => given(jar).when("fill", {}).thenAnswered({})],
		["another code", () => given(jar).when("fill", {}).thenRefused("JAR_BROKEN", 404)],
		["another status", () => given(jar).when("fill", {}).thenRefused("JAR_UNKNOWN", 409)],
		["another answer of an ask", () => given(jar, bought).ask("coins", {}).thenAnswered(1)],
	])("fails if it expects %s", (_what, sentence) => expect(sentence).toThrow(/not/));
	it("throws if the first fact cannot create an actor", () =>
		expect(() => given(jar, filled(1)).when("fill", {})).toThrow("No jar begins with jar.filled"));
	it("throws if a consulted answer is missing", () => {
		expect(() => given(jar).when("buy", { id: "x" })).toThrow("It asks owner.exists");
		given(jar)
			.when("buy", { id: "free" })
			.then(says("jar.bought", { name: "jar-FREE" }));
	});
});

describe("a command is checked in this order:", () => {
	it("it exists, before everything else", () => given(jar).when("fill", {}).thenRefused("JAR_UNKNOWN", 404));
	it("it is already so, before its status, its consults and its rules", () => {
		const full = given(jar, bought, filled(1), filled(2), says("jar.broken", {}));
		full.when("fill", { coin: 2 }).thenNothing();
		given(jar, bought)
			.consulting({ owner: refuse(unknownCode("owner"), "nobody") })
			.when("buy", { id: "x" })
			.thenNothing();
	});
	it("its status allows it, before its rules", () =>
		given(jar, bought, filled(2), filled(2), says("jar.broken", {})).when("fill", {}).thenRefused("JAR_BROKEN"));
	it("its consulted answers, before its rules", () =>
		given(jar)
			.consulting({ owner: refuse(unknownCode("owner"), "nobody") })
			.when("buy", { id: "x" })
			.thenRefused("OWNER_UNKNOWN", 404));
	it("its rules hold, before the decision", () => given(jar, bought, filled(2), filled(2)).when("fill", {}).thenRefused("JAR_FULL"));
	it("with normalized params, under the id they contain", () =>
		given(jar)
			.consulting({ owner: true })
			.when("buy", { id: "x" })
			.then(says("jar.bought", { name: "jar-X" })));
});

describe("the state of a sentence", () => {
	it("is frozen, so writing to it throws", () => {
		const broken = given(jar, bought, filled(1));
		broken.when("shatter", {}).then(says("jar.broken", {}));
		broken.when("fill", {}).thenNothing();
		broken.ask("coins", {}).thenAnswered(1);
	});
	it("does not change for the next sentence", () => {
		const facts = { ...bought, data: { name: "it" } };
		given(jar, facts).when("fill", {});
		facts.data.name = "other";
		expect(Object.isFrozen(facts)).toBe(false);
	});
});
