/** Bank - the product's writer and actors over any partition, with the accounts of account.ts: equivalent to one node of a cluster. */
import type { Consulting, Done, Envelope } from "../../mixins/actors/envelope.ts";
import { Actors } from "../../mixins/actors/actors.ts";
import { isRefusal, type Refusal } from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import type { Commit, LogPartition } from "../../store/log.ts";
import { Writer } from "../../store/writer.ts";
import { type Account, account } from "./account.ts";

export const NOW = "2026-03-01T08:15:00.000Z";
let commands = 0;

export interface Order {
	readonly id: string;
	readonly owner?: string;
	readonly amount?: number;
}

export class Bank {
	readonly log: LogPartition;
	readonly writer: Writer;
	readonly actors: Actors;
	/** Commits passed to the followers of this node, in order. */
	readonly appended: Commit[] = [];
	/** Milliseconds; changed only by tests. */
	clock = Date.parse(NOW);
	pauses = 0;

	/** `now`: clock of the writer's figures. */
	constructor(log: LogPartition, capacity = 1000, now = () => 0) {
		this.log = log;
		this.writer = new Writer(log, {
			memory: (stream) => (stream.startsWith("account-") ? this.actors : undefined),
			memories: () => [this.actors],
			appended: (commits) => this.appended.push(...commits),
			soon: setImmediate,
			now,
			pause: () => {
				this.pauses++;
				return new Promise((resolve) => setImmediate(resolve));
			},
		});
		this.actors = new Actors(account, { writer: () => this.writer, clock: () => this.clock, capacity, freeze: true });
	}

	/** Sends a command; resolves to its answer or refusal. */
	ask(name: string, order: Order, envelope: Partial<Envelope> = {}, consulting: Consulting = nobody): Promise<Done | Refusal> {
		return this.actors.command(name, order, { commandId: `made-up-${++commands}`, by: "a test", at: NOW, ...envelope }, consulting);
	}
	/** Sends a command; rejects for a refusal. */
	async do(name: string, order: Order, envelope: Partial<Envelope> = {}, consulting: Consulting = nobody): Promise<Done> {
		const answer = await this.ask(name, order, envelope, consulting);
		if (isRefusal(answer)) throw new Error(`refused: ${answer.code}`);
		return answer;
	}
	/** Sends a command; resolves to the code of its refusal, or "done". */
	async refusal(name: string, order: Order, envelope: Partial<Envelope> = {}): Promise<string> {
		const answer = await this.ask(name, order, envelope);
		return isRefusal(answer) ? answer.code : "done";
	}
	balance(id: string): Promise<number | null> {
		return this.actors.ask(id, (actor) => {
			const state = actor?.state as Account | undefined; // our own model's state
			return state?.status === "open" ? state.balance : null;
		});
	}
}

const nobody: Consulting = (name) => Promise.reject(new Error(`no actor answers ${name}`));

/** The ids of all commands in the log, in order. */
export const commandIds = (commits: readonly Commit[]): string[] => commits.map((commit) => decode(commit).command.id);
