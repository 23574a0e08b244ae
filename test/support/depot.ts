/**
 * Depot - the product's process runner over logs whose visible part a test controls, a table that fails on demand, and calls that the test
 * executes and answers.
 */
import type { Outcome } from "../../mixins/actors/outcome.ts";
import type { Batches, Send } from "../../mixins/processes/outbox.ts";
import type { DroppedWork } from "../../mixins/processes/interventions.ts";
import { processTableOf } from "../../mixins/processes/rows.ts";
import { ProcessRunner } from "../../mixins/processes/runner.ts";
import { ContextLog } from "../../mixins/logs/context-log.ts";
import { nodeTimers } from "../../mixins/common/timers.ts";
import { LONGEST } from "../../mixins/processes/write-behind.ts";
import type { Table } from "../../store/rows.ts";
import { chainedAfter } from "./commits.ts";
import { FaultyTable, MemoryRowStore } from "./memory-rows.ts";
import { delivering, type Collected, type Moved, Round, saidOf, type Sent } from "./parcels.ts";
import { ScriptedLog, Shelf } from "./scripted-log.ts";
import { restless, turns } from "./turns.ts";

/** Milliseconds after which delayed writes are done. */
export const WRITTEN = LONGEST + 50;
/** Time of every park, retry and drop. */
export const NOW = "2026-03-31T08:00:00.000Z";
export type Log = "post" | "people" | "round" | "operations";
const LOGS: readonly Log[] = ["post", "people", "round", "operations"];

interface Beside {
	readonly obliging?: boolean;
	readonly beside?: Depot;
	readonly logsOf?: Depot;
	readonly batches?: Batches;
}
/** One call in progress. */
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
	/** Executes the call without answering it. */
	execute(): Outcome[] {
		return (this.#outcomes ??= this.#execute());
	}
	answer(): void {
		this.#answer(this.execute());
	}
	/** Fails the call like a broken connection, with unknown outcome. */
	fail(): void {
		this.#answer(this.commandIds.map(() => ({ failure: "the line is dead" })));
	}
}

export class Depot {
	readonly logs: Record<Log, ScriptedLog>;
	readonly round: Round;
	readonly inner: Table;
	/** Unanswered calls, oldest first. */
	readonly calls: Call[] = [];
	/** Whether calls are executed and answered automatically. */
	obliging: boolean;
	/** The clock of the process. */
	now = NOW;
	table: FaultyTable;
	runner: ProcessRunner;
	readonly stopped: Error[] = [];
	readonly #batches: Batches | undefined;
	readonly #parcels = new Set<string>();
	readonly #customers = new Set<string>();
	readonly #versions = new Map<string, number>();

	private constructor(inner: Table, obliging: boolean, beside?: Depot, batches?: Batches) {
		this.#batches = batches;
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
	/** `beside`: a second process on the same logs, table and actors; `logsOf`: on the same logs only. */
	static async open({ obliging = true, beside, logsOf, batches }: Beside = {}): Promise<Depot> {
		const table = beside?.inner ?? (await new MemoryRowStore().open(processTableOf(delivering)));
		const depot = new Depot(table, obliging, beside ?? logsOf, batches);
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
		return new ProcessRunner(delivering, table, send, nodeTimers, () => this.now, this.#batches);
	}
	async #start(): Promise<void> {
		const followed = LOGS.map((context) => ({
			context,
			partition: 0,
			log: this.logs[context],
			contextLog: new ContextLog([this.logs[context]], restless),
		}));
		await this.runner.start(followed, (error) => this.stopped.push(error));
		await turns(12); // a hint during the first poll would cost a pause
	}

	/** Simulates SIGKILL: unsaved work is lost; calls in progress may still be executed. */
	leave(): void {
		this.table.dead = true;
		for (const follower of this.runner.followers) void follower.stop();
		this.runner.outbox.stop();
	}
	/** Simulates SIGKILL and a restart. */
	async crash(): Promise<void> {
		this.leave();
		this.table = new FaultyTable(this.inner);
		this.runner = this.#makeRunner();
		await this.#start();
	}

	/** Adds to a log, not yet visible. */
	send(...parcels: readonly Sent[]): void {
		for (const parcel of parcels) this.#say("post", parcel);
	}
	move(...moves: readonly Moved[]): void {
		for (const move of moves) this.#say("people", move);
	}
	collect(...ids: readonly string[]): void {
		for (const collected of ids) this.#say("post", { collected });
	}
	/** Adds to one log, so that a parcel and its customer's address can be in one batch. */
	sayInOne(...said: readonly (Sent | Moved)[]): void {
		for (const one of said) this.#say("post", one);
	}
	/** Drops parked work, like an operator. */
	async drop(work: string, reason = "nobody lives there", process = delivering.name): Promise<void> {
		const { command = "", action = "", code = "", detail = "", attempts = 1 } = (await this.runner.parking.work(work))?.parked ?? {};
		const said: DroppedWork = { process, work, command, action, code, detail, attempts, reason };
		const { shelf } = this.logs.operations;
		const facts = [{ type: "intervention.dropped", data: said }];
		shelf.put(chainedAfter(shelf.tail, [{ stream: `intervention-${command}`, version: 0, facts }]));
	}
	#say(log: Log, one: Sent | Moved | Collected): void {
		const [stream, fact] = saidOf(one);
		const version = this.#versions.get(stream) ?? 0;
		this.#versions.set(stream, version + 1);
		const { shelf } = this.logs[log];
		shelf.put(chainedAfter(shelf.tail, [{ stream, version, facts: [fact] }]));
		(stream.startsWith("parcel-") ? this.#parcels : this.#customers).add(stream.slice(stream.indexOf("-") + 1));
	}
	/** Makes more commits of a log visible; all by default. */
	async show(name: Log, count = Number.POSITIVE_INFINITY): Promise<void> {
		const log = this.logs[name];
		log.visible = Math.min(log.visible + count, log.shelf.tail.position);
		this.runner.followers.find((follower) => follower.name === log.name)?.hint(log.visible);
		await turns(12);
	}
	async showAll(): Promise<void> {
		for (const name of LOGS) await this.show(name);
	}
	/** Makes everything visible, and waits until no work follows from it. */
	async settle(): Promise<void> {
		for (let before = -1; before !== this.logs.round.shelf.tail.position;) {
			before = this.logs.round.shelf.tail.position;
			await this.showAll();
			await turns(30);
		}
	}

	/** Whether all commits are read and all calls answered. */
	get resting(): boolean {
		const read = this.runner.followers.every(({ name, position }) =>
			LOGS.some((log) => `${log}:0` === name && position === this.logs[log].shelf.tail.position),
		);
		return read && this.calls.length === 0 && this.runner.outbox.size === 0;
	}

	/** Subjects in the table, without bookkeeping that depends on the order of arrival. */
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
		const rows = await this.inner.load([...this.#customers].map((id) => `reference/customer/${id}`));
		return Object.fromEntries([...rows.values()].map(({ id, data }) => [id.slice("reference/customer/".length), data]));
	}
	get addresses(): Record<string, string | null> {
		return Object.fromEntries(this.round.addresses);
	}
}
