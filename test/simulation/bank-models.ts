/** BankModels - the models of accounts, wallets and interventions in the bank scenario. */
import { FREE } from "../support/access.ts";
import type { DroppedWork } from "../../mixins/processes/interventions.ts";
import {
	aggregate,
	type Situation,
	type CommandOf,
	id,
	type Instant,
	integer,
	invariant,
	COMMON_CODES,
	optional,
	sameJson,
	text,
	type Unknown,
} from "../../model/index.ts";

// -- Account --------------------------------------------------------------------
interface Open {
	readonly status: "open";
	readonly owner: string;
	readonly balance: number;
	readonly openedAt: Instant;
}
type Account = Unknown | Open | { readonly status: "closed"; readonly owner: string };
export interface AccountFacts {
	"account.opened": { owner: string };
	"account.deposited": { amount: number };
	"account.withdrawn": { amount: number };
	"account.sent": { amount: number; to: string };
	"account.closed": { owner: string };
	/** The owner was reminded of the account; once, some time after its opening. */
	"account.reminded": Record<never, never>;
}
const { ask, command, define, fact } = aggregate<Account, AccountFacts>();
type Taking = Situation<Open, { amount: number }>;
const isCovered = invariant(
	"NOT_COVERED",
	"A withdrawal must be covered by the balance",
	({ state, params }: Taking) => params.amount <= state.balance,
);
const isEmpty = invariant("NOT_EMPTY", "Only an empty account can be closed", ({ state }: Situation<Open>) => state.balance === 0);
/** Milliseconds after its opening at which the owner of an account is reminded of it. */
export const REMINDED_AFTER = 700;
export const reminderOf = (openedAt: Instant): Instant => new Date(Date.parse(openedAt) + REMINDED_AFTER).toISOString();
const isTime = invariant(
	COMMON_CODES.NOT_YET.name,
	"A reminder has its time",
	({ state, now }: Situation<Open>) => now >= reminderOf(state.openedAt),
);
const amount = () => integer(0, 1000);
const plus = (state: Exclude<Account, Unknown>, by: number): Exclude<Account, Unknown> =>
	state.status === "open" ? { ...state, balance: state.balance + by } : state;

export const account = define({
	name: "account",
	plural: "accounts",
	context: "bank",
	reads: FREE,
	statuses: { open: "it has a balance", closed: "it has none" },
	begins: ["account.opened"],
	commands: {
		open: command(
			{ id: id(), owner: text(), amount: optional(amount()) },
			{
				may: FREE,
				allowedIn: ["unknown"],
				already: (state, { owner }) => state.status === "open" && state.owner === owner,
				decide: (_unknown, given) => [
					fact("account.opened", { owner: given.owner }),
					...(given.amount ? [fact("account.deposited", { amount: given.amount })] : []),
				],
			},
		),
		deposit: command(
			{ id: id(), amount: amount() },
			{
				may: FREE,
				allowedIn: ["open"],
				decide: (_open, given) => (given.amount === 0 ? [] : [fact("account.deposited", { amount: given.amount })]),
			},
		),
		withdraw: command(
			{ id: id(), amount: amount() },
			{
				may: FREE,
				allowedIn: ["open"],
				require: [isCovered],
				decide: (_open, given) => [fact("account.withdrawn", { amount: given.amount })],
			},
		),
		/** Sends to the wallet of the other account's owner. */
		send: command(
			{ id: id(), amount: amount(), other: id() },
			{
				may: FREE,
				allowedIn: ["open"],
				consult: { to: { ask: "account.owner", params: ({ other }: { readonly other: string }) => ({ id: other }) } },
				require: [isCovered],
				decide: (_open, given, { consulted }) => [fact("account.sent", { amount: given.amount, to: String(consulted.to) })],
			},
		),
		close: command(
			{ id: id() },
			{
				may: FREE,
				allowedIn: ["open"],
				already: ({ status }) => status === "closed",
				require: [isEmpty],
				decide: ({ owner }) => [fact("account.closed", { owner })],
			},
		),
		/** Sent by a process at the time of the reminder. */
		remind: command(
			{ id: id() },
			{ internal: true, may: FREE, allowedIn: ["open"], require: [isTime], decide: () => [fact("account.reminded", {})] },
		),
	},
	asks: { owner: ask({ id: id() }, {}, ({ owner }) => owner) },
	evolve: {
		"account.opened": (_unknown, { owner }, at) => ({ status: "open", owner, balance: 0, openedAt: at }),
		"account.deposited": (state, data) => plus(state, data.amount),
		"account.withdrawn": (state, data) => plus(state, -data.amount),
		"account.sent": (state, data) => plus(state, -data.amount),
		"account.closed": (_open, { owner }) => ({ status: "closed", owner }),
		"account.reminded": (state) => state,
	},
});

// -- Wallet ---------------------------------------------------------------------
/** A larger credit is refused, so that the command of the process is parked. */
export const MOST = 2;
const isLittle = invariant(
	"TOO_MUCH",
	"A wallet accepts only a small amount at once",
	({ params }: Situation<unknown, { amount: number }>) => params.amount <= MOST,
);
export interface WalletFacts {
	"wallet.made": Record<never, never>;
	"wallet.credited": { amount: number; cause: string };
}
const ofWallet = aggregate<Unknown | { readonly status: "made"; readonly balance: number }, WalletFacts>();
export const wallet = ofWallet.define({
	name: "wallet",
	plural: "wallets",
	context: "till",
	reads: FREE,
	statuses: { made: "it has a balance" },
	begins: ["wallet.made"],
	commands: {
		credit: ofWallet.command(
			{ id: id(), amount: amount(), cause: text() },
			{
				may: FREE,
				allowedIn: ["unknown", "made"],
				require: [isLittle],
				decide: ({ status }, { amount: credited, cause }) => [
					...(status === "unknown" ? [ofWallet.fact("wallet.made", {})] : []),
					ofWallet.fact("wallet.credited", { amount: credited, cause }),
				],
			},
		),
	},
	asks: {},
	evolve: {
		"wallet.made": () => ({ status: "made", balance: 0 }),
		"wallet.credited": (state, credited) => ({ ...state, balance: state.balance + credited.amount }),
	},
});
declare module "../../model/define.ts" {
	interface Commands {
		"wallet.credit": CommandOf<typeof wallet, "credit">;
		"account.remind": CommandOf<typeof account, "remind">;
	}
}

// -- Intervention: same as services/operations/intervention.service.ts ------------
interface InterventionFacts {
	"intervention.dropped": DroppedWork;
}
const ofIntervention = aggregate<Unknown | { readonly status: "dropped"; readonly said: DroppedWork }, InterventionFacts>();
type Dropping = Omit<DroppedWork, "command"> & { readonly id: string };
const dropped = ({ id: given, ...rest }: Dropping): DroppedWork => ({ ...rest, command: given });
export const intervention = ofIntervention.define({
	name: "intervention",
	plural: "interventions",
	context: "operations",
	reads: FREE,
	statuses: { dropped: "the command is not sent any more" },
	begins: ["intervention.dropped"],
	commands: {
		drop: ofIntervention.command(
			{ id: id(), process: text(), work: text(), action: text(), code: text(), detail: text(), attempts: integer(1, 1000), reason: text() },
			{
				may: FREE,
				allowedIn: ["unknown"],
				already: ({ said }, params) => sameJson(said, dropped(params)),
				decide: (_unknown, params) => [ofIntervention.fact("intervention.dropped", dropped(params))],
			},
		),
	},
	asks: {},
	evolve: { "intervention.dropped": (_unknown, said) => ({ status: "dropped", said }) },
});
