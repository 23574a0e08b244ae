/**
 * Storage - the middleware that owns what a node holds open: the logs with their writers, the rows, and the followers between
 * them. Services reach it through `storageOf(broker)`; it opens before they start and closes after they have stopped.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import type { Anchors } from "../../store/evidence/anchors.ts";
import { backUp, type BackupOptions } from "../../store/backup/backup.ts";
import type { Keyring } from "../../store/evidence/keys.ts";
import { endsBefore, ForeignInstallation, type LogStore, MoveBegun } from "../../store/log.ts";
import { type BackedUp, BackupRefused } from "../../store/backup/manifest.ts";
import type { RowStore } from "../../store/rows.ts";
import { allDone, ContextLog, type Tell } from "./context-log.ts";
import { type Report, signersOf } from "./signing.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

export interface Stores {
	readonly logs: LogStore;
	readonly rows: RowStore;
	/** What the heads of the logs are signed and checked with; without a private one nobody signs here. */
	readonly keys?: Keyring;
	/** The newest heads, outside the database. */
	readonly anchors?: Anchors;
}
export class Storage {
	/** Tells other nodes of a context's log that there is more in it; set where there are others. */
	tell: (context: string, partition: string, last: number) => void = () => undefined;
	readonly #open: (report: Report) => Stores;
	readonly #contexts = new Map<string, Promise<ContextLog>>();
	readonly #report: Report;
	readonly #timers: Timers;
	readonly #backups = new Set<Promise<unknown>>();
	readonly #closing = new AbortController();
	#stores: Stores | null = null;
	/** The partitions of every log, as far as they were asked for. */
	#partitions: ReadonlyMap<string, number> = new Map();

	constructor(open: (report: Report) => Stores, report: Report, timers: Timers) {
		this.#open = open;
		this.#report = report;
		this.#timers = timers;
	}
	/** Opens the stores, unless they are; throws what is wrong with them. */
	open(): void {
		this.#stores ??= this.#open(this.#report);
	}
	/** Resolves once the stores can be asked, to what should be known of them; rejects with what is wrong. */
	async ready(): Promise<readonly string[]> {
		const { logs, rows, keys } = this.#opened;
		await Promise.all([logs.ready?.(), rows.ready?.()]);
		if (await logs.moving()) throw new MoveBegun();
		await this.#belonging();
		return [...new Set([logs, rows, keys].flatMap((part) => part?.warnings ?? []))];
	}
	/** Rows are of the installation whose log this is, or become its own. */
	async #belonging(): Promise<void> {
		const { logs, rows } = this.#opened;
		const [ours, theirs] = [await logs.installation(), await rows.installation()];
		if (theirs === null) await rows.adoptInstallation(ours);
		else if (theirs !== ours) throw new ForeignInstallation("what the read models keep", theirs, ours);
	}
	/** Rejects with LogAltered unless the logs still hold what was signed of them. */
	async anchored(): Promise<void> {
		const { logs, anchors, keys } = this.#opened;
		if (keys) await anchors?.assertHeld(logs, keys.known);
	}
	get anchors(): Anchors | undefined {
		return this.#opened.anchors;
	}
	/** Whether this node keeps a store. */
	get isOpen(): boolean {
		return this.#stores !== null;
	}
	get #opened(): Stores {
		return (this.#stores ??= this.#open(this.#report));
	}
	get rows(): RowStore {
		return this.#opened.rows;
	}
	get keys(): Keyring | undefined {
		return this.#opened.keys;
	}
	/** What was found damaged in what is stored, since it was opened. */
	get damage(): readonly string[] {
		return [this.#stores?.logs.damage, this.#stores?.rows.damage].flatMap((found) => found ?? []);
	}
	/** All logs to a folder of its own; what nobody has signed stays unsigned there. */
	backUp(options: Omit<BackupOptions, "logs" | "keys" | "anchor">): Promise<readonly BackedUp[]> {
		const { logs, keys = { known: new Map() }, anchors } = this.#opened;
		const signal = AbortSignal.any([options.signal, this.#closing.signal]);
		const backup = backUp({ ...options, signal, logs, keys, anchor: (partition) => anchors?.of(partition) });
		this.#backups.add(backup);
		return backup.finally(() => this.#backups.delete(backup));
	}
	/** The log of a context; opened at the first question. */
	context(name: string): Promise<ContextLog> {
		let found = this.#contexts.get(name);
		if (!found) this.#contexts.set(name, (found = this.#openLog(name)));
		return found;
	}
	async #openLog(name: string): Promise<ContextLog> {
		const partitions = await this.#opened.logs.open(name);
		const tell: Tell = (partition, last) => this.tell(name, partition, last);
		return new ContextLog(partitions, this.#timers, signersOf(partitions, this.#opened, this.#timers, this.#report), tell);
	}
	/** Whose log this is. */
	installation(): Promise<string> {
		return this.#opened.logs.installation();
	}
	/** Whether a log has this partition, `<log>:<partition>`, and holds the position in it. */
	async holds(partition: string, position: number): Promise<boolean> {
		const [context = "", number] = partition.split(":");
		if (!this.#partitions.has(context)) this.#partitions = await this.#opened.logs.contexts();
		if (Number(number) >= (this.#partitions.get(context) ?? 0)) return false;
		const log = (await this.#opened.logs.open(context)).find(({ name }) => name === partition);
		return log !== undefined && !(await endsBefore(log, position));
	}
	/** The log of a context, if it is opened here. */
	opened(name: string): Promise<ContextLog> | undefined {
		return this.#contexts.get(name);
	}
	/** The logs opened here. */
	contexts(): Promise<readonly ContextLog[]> {
		return Promise.all(this.#contexts.values());
	}
	/** Finishes what is under way, signs what was written, in all logs at once; then closes, and throws the first thing that went wrong. */
	async close(): Promise<void> {
		this.#closing.abort(new BackupRefused("the node was stopped"));
		await Promise.allSettled(this.#backups); // what there is of them is removed
		const opened = await Promise.allSettled(this.#contexts.values());
		const logs = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])); // else there is nothing under way in it
		try {
			await allDone(logs.map((log) => log.close()));
			await this.#stores?.anchors?.settled();
		} finally {
			await this.#stores?.rows.close();
			await this.#stores?.logs.close();
			this.#stores = null;
		}
	}
}

const storages = new WeakMap<ServiceBroker, Storage>();

/** The storage of a node whose broker has the middleware. */
export function storageOf(broker: ServiceBroker): Storage {
	const storage = storages.get(broker);
	if (!storage) throw new Error("This service needs the Storage middleware (moleculer.config.ts)");
	return storage;
}

export function StorageMiddleware(open: (report: Report) => Stores, timers: Timers = nodeTimers): Middleware {
	return {
		name: "Storage",
		created(broker: ServiceBroker) {
			const logger = broker.getLogger("storage");
			storages.set(broker, new Storage(open, (level, message) => logger[level](message), timers));
		},
		/** Tells those who hold something open for ever that it has to end. */
		stopping(broker: ServiceBroker) {
			broker.broadcastLocal("$node.stopping");
		},
		async stopped(broker: ServiceBroker) {
			await storages.get(broker)?.close();
		},
	} as Middleware; // moleculer's type of `created` leaves out its argument
}
