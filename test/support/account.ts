/**
 * Account - a minimal aggregate with an invariant of its own (deposits, withdrawals, never below zero), to test writer and actors without
 * the domain model.
 */
import { FREE } from "./access.ts";
import { aggregate, id, integer, invariant, optional, text, type Situation, type Unknown } from "../../model/index.ts";

// -- State -----------------------------------------------------------------------
interface Open {
	readonly status: "open";
	readonly owner: string;
	readonly balance: number;
	readonly touchedAt: string;
}
interface Closed {
	readonly status: "closed";
}
export type Account = Unknown | Open | Closed;

// -- Facts -------------------------------------------------------------------------
export interface AccountFacts {
	"account.opened": { owner: string; rate?: number };
	"account.deposited": { amount: number };
	"account.withdrawn": { amount: number };
	"account.closed": Record<never, never>;
}

// -- Invariants --------------------------------------------------------------------
const isCovered = invariant(
	"NOT_COVERED",
	"Nobody takes out more than is there",
	({ state, params }: Situation<Open, { amount: number }>) => params.amount <= state.balance,
);

// -- The model ---------------------------------------------------------------------
const { fact, command, define } = aggregate<Account, AccountFacts>();
const amount = () => integer(0, 1_000_000);

export const account = define({
	name: "account",
	plural: "accounts",
	context: "bank",
	reads: FREE,
	statuses: { open: "it has a balance", closed: "it has none" },
	begins: ["account.opened"],
	commands: {
		open: command(
			{ id: id(), owner: text() },
			{
				may: FREE,
				allowedIn: ["unknown"],
				already: (state, { owner }) => state.status === "open" && state.owner === owner,
				decide: (_unknown, { owner }) => [fact("account.opened", { owner })],
				answer: (facts) => ({ said: facts.length }),
			},
		),
		/** Like open, with the rate of another actor. */
		openAtRate: command(
			{ id: id(), owner: text() },
			{
				may: FREE,
				allowedIn: ["unknown"],
				consult: { rate: { ask: "bank.rate", params: ({ owner }: { readonly owner: string }) => ({ id: owner }) } },
				decide: (_unknown, { owner }, { consulted }) => [fact("account.opened", { owner, rate: consulted.rate })],
			},
		),
		deposit: command(
			{ id: id(), amount: amount(), note: optional(text()) },
			{
				may: FREE,
				allowedIn: ["open"],
				decide: (_open, params) => (params.amount === 0 ? [] : [fact("account.deposited", { amount: params.amount })]),
			},
		),
		withdraw: command(
			{ id: id(), amount: amount() },
			{
				may: FREE,
				allowedIn: ["open"],
				require: [isCovered],
				decide: (_open, params) => [fact("account.withdrawn", { amount: params.amount })],
				answer: () => ({ paid: true }),
			},
		),
		/** Pays out the balance and closes, in one decision with two facts. */
		close: command(
			{ id: id() },
			{
				may: FREE,
				allowedIn: ["open"],
				already: ({ status }) => status === "closed",
				decide: ({ balance }) => [fact("account.withdrawn", { amount: balance }), fact("account.closed", {})],
			},
		),
		/** Throws in the decision. */
		crash: command(
			{ id: id() },
			{
				may: FREE,
				allowedIn: ["unknown", "open", "closed"],
				decide: () => {
					throw new TypeError("a bug in a decision");
				},
			},
		),
	},
	asks: {},
	evolve: {
		"account.opened": (_unknown, { owner }, at) => ({ status: "open", owner, balance: 0, touchedAt: at }),
		"account.deposited": (state, data, at) =>
			state.status === "open" ? { ...state, balance: state.balance + data.amount, touchedAt: at } : state,
		"account.withdrawn": (state, data, at) =>
			state.status === "open" ? { ...state, balance: state.balance - data.amount, touchedAt: at } : state,
		"account.closed": () => ({ status: "closed" }),
	},
});
