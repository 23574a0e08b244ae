/**
 * Depot - the product's own process runner over logs that show as much as a test wants, a table that fails when told to, and calls
 * that are carried out and answered when the test says so.
 */
import type { Outcome } from "../../mixins/actors/outcome.ts";
import type { Send } from "../../mixins/processes/outbox.ts";
import type { DroppedWork } from "../../mixins/processes/interventions.ts";
import { processTableOf } from "../../mixins/processes/rows.ts";
import { ProcessRunner } from "../../mixins/processes/runner.ts";
import { ContextLog } from "../../mixins/logs/context-log.ts";
import { nodeTimers } from "../../mixins/common/timers.ts";
import { LONGEST } from "../../mixins/processes/write-behind.ts";
import type { Table } from "../../store/rows.ts";
import { chainedAfter } from "./commits.ts";
import { FaultyTable, MemoryRowStore } from "./memory-rows.ts";
import { delivering, type Moved, Round, saidOf, type Sent } from "./parcels.ts";
import { ScriptedLog, Shelf } from "./scripted-log.ts";
import { restless, turns } from "./turns.ts";

/** Milliseconds after which what waited to be written is. */
export const WRITTEN = LONGEST + 50;
/** When everything is parked, retried and given up. */
export const NOW = "2026-03-31T08:00:00.000Z";
export type Log = "post" | "people" | "round" | "operations";
const LOGS: readonly Log[] = ["post", "people", "round", "operations"];

interface Beside {
	readonly obliging?: boolean;
	readonly beside?: Depot;
	readonly logsOf?: Depot;
}
/** One call on its way. */
export class Call {
	readonly commandIds: readonly string[];
	readonly #execute: () => Outcome[];
	readonly #answer: (outcomes: readonly Outcome[]) => void;
	#outcomes: Outcome[] | null = null;

	constructor(commandIds: readonly string[], execute: () => Outcome[], answer: (outcomes: readonly Outcome[]) => void) {
		this.commandIds = commandIds;
		this.#execute = execute;
		this.#answer = answer;
	}
	/** What is asked is done; nobody has said so yet. */
	execute(): Outcome[] {
		return (this.#outcomes ??= this.#execute());
	}
	answer(): void {
		this.#answer(this.execute());
	}
	/** As a broken line: whether it was done, nobody knows. */
	fail(): void {
		this.#answer(this.commandIds.map(() => ({ failure: "the line is dead" })));
	}
}

export class Depot {
	readonly logs: Record<Log, ScriptedLog>;
	readonly round: Round;
	readonly inner: Table;
	/** Calls not answered yet, the oldest first. */
	readonly calls: Call[] = [];
	/** Calls are carried out and answered by themselves. */
	obliging: boolean;
	table: FaultyTable;
	runner: ProcessRunner;
	readonly stopped: Error[] = [];
	readonly #parcels = new Set<string>();
	readonly #customers = new Set<string>();
	readonly #versions = new Map<string, number>();

	private constructor(inner: Table, obliging: boolean, beside?: Depot) {
		const log = (name: Log): ScriptedLog => {
			const made = new ScriptedLog(beside?.logs[name].shelf ?? new Shelf(), { name: `${name}:0` });
			made.visible = name === "operations" ? made.shelf.tail.position : 0;
			return made;
		};
		this.logs = { post: log("post"), people: log("people"), round: log("round"), operations: log("operations") };
		this.round = beside?.round ?? new Round(this.logs.round.shelf);
		this.inner = inner;
		this.obliging = obliging;
		this.table = new FaultyTable(inner);
		this.runner = this.#makeRunner();
	}
	/** `beside`: another process on the same logs and the same table, asking the same actors; `logsOf`: on the same logs alone. */
	static async open({ obliging = true, beside, logsOf }: Beside = {}): Promise<Depot> {
		const table = beside?.inner ?? (await new MemoryRowStore().open(processTableOf(delivering)));
		const depot = new Depot(table, obliging, beside ?? logsOf);
		await depot.#start();
		return depot;
	}

	#makeRunner(): ProcessRunner {
		const table = this.table;
		const send: Send = (action, items) => {
			if (table.dead) return new Promise(() => undefined);
			for (const { commandId = "" } of items) this.round.asked.push(commandId);
			const execute = () => items.map((item) => this.round.execute(action, item));
			if (this.obliging) return turns(1).then(execute);
			return new Promise((resolve) =>
				this.calls.push(
					new Call(
						items.map(({ commandId = "" }) => commandId),
						execute,
						resolve,
					),
				),
			);
		};
		return new ProcessRunner(delivering, table, send, nodeTimers, () => NOW);
	}
	async #start(): Promise<void> {
		const followed = LOGS.map((context) => ({
			context,
			partition: 0,
			log: this.logs[context],
			from: new ContextLog([this.logs[context]], restless),
		}));
		await this.runner.start(followed, (error) => this.stopped.push(error));
		await turns(12); // a hint in the middle of the first look costs a pause
	}

	/** As kill -9: what was not saved is gone; calls under way may still be carried out. */
	leave(): void {
		this.table.dead = true;
		for (const follower of this.runner.followers) void follower.stop();
		this.runner.outbox.stop();
	}
	/** And another start. */
	async crash(): Promise<void> {
		this.leave();
		this.table = new FaultyTable(this.inner);
		this.runner = this.#makeRunner();
		await this.#start();
	}

	/** Adds to a log; nobody sees it yet. */
	send(...parcels: readonly Sent[]): void {
		for (const parcel of parcels) this.#say("post", parcel);
	}
	move(...moves: readonly Moved[]): void {
		for (const move of moves) this.#say("people", move);
	}
	/** The same in one log: a parcel and where its customer lives may come in one batch. */
	sayInOne(...said: readonly (Sent | Moved)[]): void {
		for (const one of said) this.#say("post", one);
	}
	/** A person gives up what is parked under this id. */
	async drop(work: string, reason = "nobody lives there", process = delivering.name): Promise<void> {
		const { command = "", action = "", code = "", detail = "", attempts = 1 } = (await this.runner.work(work))?.parked ?? {};
		const said: DroppedWork = { process, work, command, action, code, detail, attempts, reason };
		const { shelf } = this.logs.operations;
		const facts = [{ type: "intervention.dropped", data: said }];
		shelf.put(chainedAfter(shelf.tail, [{ stream: `intervention-${command}`, version: 0, facts }]));
	}
	#say(log: Log, one: Sent | Moved): void {
		const [stream, fact] = saidOf(one);
		const version = this.#versions.get(stream) ?? 0;
		this.#versions.set(stream, version + 1);
		const { shelf } = this.logs[log];
		shelf.put(chainedAfter(shelf.tail, [{ stream, version, facts: [fact] }]));
		(stream.startsWith("parcel-") ? this.#parcels : this.#customers).add(stream.slice(stream.indexOf("-") + 1));
	}
	/** So many more commits of a log can be seen, all unless said. */
	async show(name: Log, count = Number.POSITIVE_INFINITY): Promise<void> {
		const log = this.logs[name];
		log.visible = Math.min(log.visible + count, log.shelf.tail.position);
		this.runner.followers.find((follower) => follower.name === log.name)?.hint(log.visible);
		await turns(12);
	}
	async showAll(): Promise<void> {
		for (const name of LOGS) await this.show(name);
	}
	/** All is seen, and what follows from it, until nothing follows any more. */
	async settle(): Promise<void> {
		for (let before = -1; before !== this.logs.round.shelf.tail.position;) {
			before = this.logs.round.shelf.tail.position;
			await this.showAll();
			await turns(30);
		}
	}

	/** Whether everything was read and answered. */
	get resting(): boolean {
		const read = this.runner.followers.every(({ name, position }) =>
			LOGS.some((log) => `${log}:0` === name && position === this.logs[log].shelf.tail.position),
		);
		return read && this.calls.length === 0 && this.runner.outbox.size === 0;
	}

	/** Subjects as they stand in the table, without the bookkeeping that depends on the order of arrival. */
	async subjects(): Promise<Record<string, unknown>> {
		const rows = await this.inner.load([...this.#parcels].map((id) => `subject/${id}`));
		return Object.fromEntries(
			[...rows.values()].map(({ id, data, columns }) => {
				const { subject, parked } = data as { subject: { stands?: { address: string | null }; isInsured?: true }; parked?: unknown }; // the runner's own rows
				return [
					id.slice("subject/".length),
					{
						address: subject.stands?.address,
						state: columns?.[2],
						...(subject.isInsured ? { insured: true } : {}),
						...(parked ? { parked } : {}),
					},
				];
			}),
		);
	}
	async references(): Promise<Record<string, unknown>> {
		const rows = await this.inner.load([...this.#customers].map((id) => `reference/${id}`));
		return Object.fromEntries([...rows.values()].map(({ id, data }) => [id.slice("reference/".length), data]));
	}
	get addresses(): Record<string, string | null> {
		return Object.fromEntries(this.round.addresses);
	}
}
