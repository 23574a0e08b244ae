/**
 * Bank - a small invented scenario: accounts that may never fall below zero, and a process that pays each sent amount once into a wallet
 * of another log. Each account gets a letter (letters.ts). One read model has a row per account and deletes it; another one counts over all partitions and both logs.
 */
import { FREE } from "../support/access.ts";
import { type Instant, notBefore, processManager, processOf, projection, send } from "../../model/index.ts";
import { account, type AccountFacts, intervention, MOST, reminderOf, wallet, type WalletFacts } from "./bank-models.ts";
import { welcomesBy, letter, wrongLetters } from "./letters.ts";
import type { Past, Told } from "./past.ts";
import type { Ordered, Scenario } from "./scenario.ts";

// -- Followers -------------------------------------------------------------------
type Facts = AccountFacts & WalletFacts;
interface AccountRow {
	readonly balance: number;
	readonly facts: number;
	/** The account is new until then, so its row reads differently over time. */
	readonly newUntil: Instant;
}
const moved = (row: AccountRow | null, by: number, newUntil = row?.newUntil ?? ""): AccountRow => ({
	balance: (row?.balance ?? 0) + by,
	facts: (row?.facts ?? 0) + 1,
	newUntil,
});
const NEW_FOR = 150;
const accounts = projection<AccountRow, AccountFacts, AccountRow & { readonly isNew: number }>({
	name: "accounts",
	of: "account",
	may: FREE,
	follows: ["bank"],
	on: {
		"account.opened": (row, _opened, { at }) => moved(row, 0, new Date(Date.parse(at) + NEW_FOR).toISOString()),
		"account.deposited": (row, data) => moved(row, data.amount),
		"account.withdrawn": (row, data) => moved(row, -data.amount),
		"account.sent": (row, data) => moved(row, -data.amount),
		"account.closed": () => null,
	},
	show: (row, now) => ({ ...row, isNew: now < row.newUntil ? 1 : 0 }),
	changesAt: ({ newUntil }, now) => (now < newUntil ? newUntil : null),
	filters: ["balance", "isNew"],
});

interface OwnerRow {
	readonly open: number;
	readonly underWay: number;
}
const counted = (row: OwnerRow | null, open: number, underWay: number): OwnerRow => ({
	open: (row?.open ?? 0) + open,
	underWay: (row?.underWay ?? 0) + underWay,
});
const owners = projection<OwnerRow, Facts, OwnerRow>({
	name: "owners",
	of: "owner",
	may: FREE,
	follows: ["bank", "till"],
	on: {
		"account.opened": { row: ({ owner }) => owner, fold: (row) => counted(row, 1, 0) },
		"account.closed": { row: ({ owner }) => owner, fold: (row) => counted(row, -1, 0) },
		"account.sent": { row: ({ to }) => to, fold: (row, data) => counted(row, 0, data.amount) },
		"wallet.credited": { row: (_credited, { id: owner }) => owner, fold: (row, data) => counted(row, 0, -data.amount) },
	},
	show: (row) => row,
	filters: ["open"],
});

interface Transfer {
	readonly sent?: { readonly id: string; readonly amount: number; readonly to: string };
	readonly paid?: true;
}
const transfers = processManager<Transfer, Facts>({
	name: "transfers",
	follows: ["bank", "till"],
	subjects: {
		start: {
			"account.sent": {
				row: (_sent, origin) => `${origin.id}.${origin.version}`,
				fold: (known, data, origin) => ({ ...known, sent: { id: `${origin.id}.${origin.version}`, ...data } }),
			},
		},
		continue: { "wallet.credited": { row: ({ cause }) => cause, fold: (known) => ({ ...known, paid: true }) } },
	},
	sends: ["wallet.credit"],
	next: ({ sent, paid }) => (sent && !paid ? [send("wallet.credit", { id: sent.to, amount: sent.amount, cause: sent.id }, "credit")] : []),
});

interface Reminder {
	readonly id?: string;
	readonly openedAt?: Instant;
	readonly isOver?: true;
}
/** Reminds the owner of every account once, some time after its opening, unless it is closed by then. */
const reminders = processManager<Reminder, AccountFacts>({
	name: "reminders",
	follows: ["bank"],
	subjects: {
		start: { "account.opened": (known, _opened, { id, at }) => ({ ...known, id, openedAt: at }) },
		continue: { "account.reminded": (known) => ({ ...known, isOver: true }), "account.closed": (known) => ({ ...known, isOver: true }) },
	},
	sends: ["account.remind"],
	next: ({ id, openedAt, isOver }) =>
		id && openedAt && !isOver ? [notBefore(reminderOf(openedAt), send("account.remind", { id }, "reminder"))] : [],
});

// -- Scenario ----------------------------------------------------------------------
const NAMES = ["open", "deposit", "withdraw", "withdraw", "send", "send", "deposit", "close"] as const;
const OWNERS = ["ada", "bob"] as const;

export const bank: Scenario = {
	models: [account, wallet, letter, intervention],
	projections: [accounts, owners],
	processes: [transfers, reminders, processOf(welcomesBy("never"))],
	effects: { welcomes: welcomesBy },
	given: [],
	order: (chance, ids, first): Ordered => {
		const name = first && chance.pick(4) < 3 ? "open" : chance.of(NAMES);
		const of = `${chance.pick(ids)}`;
		const many = chance.pick(4);
		const order = (params: object): Ordered => ({ service: "account", name, params: { id: of, ...params } });
		if (name === "open") return order({ owner: chance.of(OWNERS), ...(many === 0 ? {} : { amount: many }) });
		if (name === "close") return order({});
		return order({ amount: many, ...(name === "send" ? { other: `${chance.pick(ids)}` } : {}) });
	},
	wrong: (past, world) => [
		...overdrawn(past),
		...(world.runs("transfers") ? unpaid(past) : []),
		...(world.runs("reminders") ? notReminded(past) : []),
		...(world.runs("welcomes") ? wrongLetters(past, world) : []),
	],
};

function overdrawn({ streams }: Past): string[] {
	return [...streams.values()].flatMap(({ stream, states }) =>
		states.flatMap((state) =>
			"balance" in state && Number(state.balance) < 0 ? [`${stream} has the balance ${String(state.balance)}`] : [],
		),
	);
}
/** Amounts that were sent and not paid exactly once, or paid although they are too large. */
function unpaid({ facts }: Past): string[] {
	const paid = new Map<string, number>();
	for (const { type, data } of facts) if (type === "wallet.credited") paid.set(causeOf(data), (paid.get(causeOf(data)) ?? 0) + 1);
	const sends = facts.filter(({ type }) => type === "account.sent");
	const sent = sends.map(({ id: from, version }) => `${from}.${version}`);
	const should = ({ data }: Told): number => ((data as { amount: number }).amount > MOST ? 0 : 1); // our own facts
	const strange = [...paid.keys()].filter((cause) => !sent.includes(cause)).map((cause) => `${cause} was paid but never sent`);
	return [
		...strange,
		...sends.flatMap((told, i) => {
			const times = paid.get(sent[i] ?? "") ?? 0;
			return times === should(told) ? [] : [`${sent[i]} was paid ${times} times`];
		}),
	];
}
/** Accounts whose owner was not reminded exactly once; a closed account may be without a reminder. */
function notReminded({ facts }: Past): string[] {
	const of = (type: string): string[] => facts.filter((told) => told.type === type).map(({ id }) => id);
	const [closed, reminded] = [new Set(of("account.closed")), of("account.reminded")];
	return of("account.opened").flatMap((id) => {
		const times = reminded.filter((one) => one === id).length;
		return times === 1 || (times === 0 && closed.has(id)) ? [] : [`the owner of ${id} was reminded ${times} times`];
	});
}
const causeOf = (data: unknown): string => (data as { cause: string }).cause; // our own facts
