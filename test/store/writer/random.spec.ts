/**
 * WriterRandom - two nodes on one log with random faults: after each schedule, the log must satisfy the laws of DESIGN §3. Every refusal is
 * compared with a simple account model: it must have been right at some instant between request and answer.
 */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Done } from "../../../mixins/actors/envelope.ts";
import { isRefusal, type Refusal } from "../../../model/index.ts";
import { decode } from "../../../store/codec.ts";
import type { Commit } from "../../../store/log.ts";
import { Bank, type Order } from "../../support/bank.ts";
import { flawOf } from "../../support/commits.ts";
import { type Mishap, ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { turns } from "../../support/turns.ts";

interface Act {
	readonly node: number;
	readonly name: string;
	readonly id: string;
	readonly amount: number;
	readonly owner: string;
	/** Few ids, so that some are used twice: on both nodes, at once or later. */
	readonly key: number;
	readonly ifMatch: number | undefined;
	/** Turns of the event loop before the next request. */
	readonly wait: number;
	/** Faults of the node's store from here on. */
	readonly mishap: Mishap;
	readonly unreadable: number;
	/** Turns of the event loop for the next calls to its store. */
	readonly delays: readonly number[];
}
const act: fc.Arbitrary<Act> = fc.record({
	node: fc.nat(1),
	name: fc.constantFrom("open", "deposit", "deposit", "withdraw", "withdraw", "close"),
	id: fc.constantFrom("a", "b", "c"),
	amount: fc.integer({ min: 0, max: 3 }),
	owner: fc.constantFrom("Ada", "Bob"),
	key: fc.nat(60),
	ifMatch: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, 0, 1, 2, 3),
	wait: fc.constantFrom(0, 0, 0, 1, 2, 5),
	mishap: fc.constantFrom<Mishap>("fine", "fine", "fine", "fine", "rejected", "false", "lost", "late", 0, 1, 2),
	unreadable: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
	delays: fc.array(fc.nat(3), { maxLength: 3 }),
});

/** One request, the log positions at which it was sent and answered, and the answer; null for a failure. */
interface Told {
	readonly act: Act;
	readonly from: number;
	readonly to: number;
	readonly answer: Done | Refusal | null;
}
/** A command id identifies one content; the same key with other content is another command. */
const envelopeOf = ({ name, id, amount, owner, key, ifMatch }: Act) => ({
	commandId: `key-${key}`,
	digest: JSON.stringify([name, id, amount, owner]),
	...(ifMatch === undefined ? {} : { ifMatch }),
});
const orderOf = ({ name, id, amount, owner }: Act): Order => (name === "open" ? { id, owner } : name === "close" ? { id } : { id, amount });

/** A simple model of the account. */
interface Plain {
	readonly version: number;
	readonly balance: number | null;
	readonly owner: string;
	readonly closed: boolean;
	/** Executed commands, and the answers of those that wrote nothing. */
	readonly keys: ReadonlyMap<string, { readonly digest: string; readonly said: string }>;
}
const NOBODY: Plain = { version: 0, balance: null, owner: "", closed: false, keys: new Map() };
function plainAt(commits: readonly Commit[], id: string, position: number): Plain {
	return commits
		.slice(0, position)
		.filter(({ stream }) => stream === `account-${id}` || stream.startsWith(`account-${id}#`))
		.reduce<Plain>((plain, commit) => {
			const { facts, command } = decode(commit);
			const { refusal } = facts[0]?.data as { refusal?: { code: string } }; // our own facts
			const keys = new Map([...plain.keys, [command.id, { digest: command.digest ?? "", said: refusal?.code ?? "replayed" }]]);
			if (commit.stream.includes("#")) return { ...plain, keys };
			return facts.reduce<Plain>(
				(before, { type, data }) => {
					const { amount = 0, owner = "" } = data as { amount?: number; owner?: string }; // our own facts
					const now = { ...before, version: before.version + 1 };
					if (type === "account.opened") return { ...now, owner, balance: 0 };
					if (type === "account.closed") return { ...now, closed: true };
					return { ...now, balance: (before.balance ?? 0) + (type === "account.deposited" ? amount : -amount) };
				},
				{ ...plain, keys },
			);
		}, NOBODY);
}
/** The expected answer without a write; null if the command must write. */
function expected({ version, balance, owner, closed, keys }: Plain, act: Act): string | null {
	const { commandId, digest } = envelopeOf(act);
	const known = keys.get(commandId);
	if (known !== undefined) return known.digest === digest ? known.said : "IDEMPOTENCY_KEY_REUSED";
	if (balance === null && act.name !== "open") return "ACCOUNT_UNKNOWN";
	if (act.ifMatch !== undefined && act.ifMatch !== version) return "VERSION_MISMATCH";
	if (act.name === "open") return balance === null ? null : !closed && owner === act.owner ? "nothing" : "ACCOUNT_ALREADY_EXISTS";
	if (closed) return act.name === "close" ? "nothing" : "ACCOUNT_CLOSED";
	if (act.name === "withdraw" && act.amount > (balance ?? 0)) return "NOT_COVERED";
	return act.name === "deposit" && act.amount === 0 ? "nothing" : null;
}

const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

function check(commits: readonly Commit[], told: readonly Told[]): void {
	expect(flawOf(commits)).toBeNull();
	for (const id of ["a", "b", "c"]) {
		const ids = commits.filter(({ stream }) => stream === `account-${id}`).map((commit) => decode(commit).command.id);
		expect(new Set(ids).size).toBe(ids.length); // each command is in the log once
		for (const position of upTo(0, commits.length)) expect(plainAt(commits, id, position).balance ?? 0).toBeGreaterThanOrEqual(0);
	}
	for (const { act, from, to, answer } of told) {
		if (answer === null) continue;
		const said = isRefusal(answer) ? answer.code : answer.replayed ? "replayed" : answer.written ? "written" : "nothing";
		if (said === "written" || (said === "replayed" && (answer as Done).written)) {
			const commit = commits[Number((answer as Done).position.split(":")[2]) - 1];
			const { commandId, digest } = envelopeOf(act);
			expect(commit?.stream).toBe(`account-${act.id}`);
			expect(commit && decode(commit).command).toEqual({ name: act.name, id: commandId, digest });
			expect(commit && commit.version + decode(commit).facts.length).toBe((answer as Done).version);
		}
		if (said === "written") continue;
		const right = upTo(from, to).map((position) => expected(plainAt(commits, act.id, position), act));
		expect({ act, from, to, right, said: right.includes(said) ? said : `wrongly ${said}` }).toMatchObject({ said });
	}
}

describe.each([
	["a store with a read before a creation", true],
	["a store without that read", false],
])("two nodes on %s", (_name, readsFirst) => {
	it("satisfy every law with refused, lost, late, partial and unreadable writes", async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 40 }), fc.constantFrom(2, 1000), async (acts, capacity) => {
				const shelf = new Shelf();
				const logs = [0, 1].map(() => new ScriptedLog(shelf, { readsFirst, maxBatch: 3 }));
				const banks = logs.map((log) => new Bank(log, capacity));
				const under: Promise<void>[] = [];
				const told: Told[] = [];
				for (const act of acts) {
					const [bank, log] = [banks[act.node], logs[act.node]];
					if (!bank || !log) continue;
					if (act.mishap !== "fine") log.script.push(act.mishap);
					log.unreadable += act.unreadable;
					log.delays.push(...act.delays);
					const from = shelf.commits.length;
					const told1 = (answer: Done | Refusal | null) => told.push({ act, from, to: shelf.commits.length, answer });
					const asked = bank.ask(act.name, orderOf(act), envelopeOf(act));
					under.push(asked.then(told1, () => told1(null)).then(() => undefined));
					await turns(act.wait);
				}
				await Promise.all(under);
				for (const log of logs) log.script.length = log.delays.length = log.unreadable = 0;
				check(shelf.commits, told);
				for (const bank of banks) {
					const positions = bank.appended.map(({ position }) => position);
					expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
					for (const { position, hash } of bank.appended) expect(shelf.commits[position - 1]?.hash).toBe(hash);
					for (const id of ["a", "b", "c"]) {
						const { balance, closed } = plainAt(shelf.commits, id, shelf.commits.length);
						expect(await bank.balance(id)).toBe(closed ? null : balance);
					}
				}
			}),
			{ numRuns: 250 },
		);
	});
});
