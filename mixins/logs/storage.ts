/**
 * Storage - the middleware that owns the stores of a node: the logs with their writers and followers, and the rows. Services reach it
 * through `storageOf(broker)`; it opens before they start and closes after they have stopped.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import type { Anchors } from "../../store/evidence/anchors.ts";
import { backUp, type BackupOptions } from "../../store/backup/backup.ts";
import { plainCodec } from "../../store/codec.ts";
import type { Keyring } from "../../store/evidence/keys.ts";
import { endsBefore, ForeignInstallation, ForeignParts, type LogStore, MoveBegun } from "../../store/log.ts";
import { type BackedUp, BackupRefused } from "../../store/backup/manifest.ts";
import type { RowStore } from "../../store/rows.ts";
import { SealingCodec } from "../../store/vault/codec.ts";
import type { Vault } from "../../store/vault/vault.ts";
import { allDone, ContextLog, type Tell } from "./context-log.ts";
import { type Report, signersOf } from "./signing.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

export interface Stores {
	readonly logs: LogStore;
	readonly rows: RowStore;
	/** The keys that sign and check the heads of the logs; without a private key this node does not sign. */
	readonly keys?: Keyring;
	/** The newest heads, kept outside the database. */
	readonly anchors?: Anchors;
	/** The keys under which personal data is sealed. */
	readonly vault?: Vault;
}
export class Storage {
	/** Tells other nodes that a partition of a context has grown; set in a cluster. */
	tell: (context: string, partition: string, last: number) => void = () => undefined;
	readonly #open: (report: Report) => Stores;
	readonly #contexts = new Map<string, Promise<ContextLog>>();
	readonly #report: Report;
	readonly #timers: Timers;
	readonly #backups = new Set<Promise<unknown>>();
	readonly #closing = new AbortController();
	#stores: Stores | null = null;
	/** The number of partitions of each log, as last read. */
	#partitions: ReadonlyMap<string, number> = new Map();

	constructor(open: (report: Report) => Stores, report: Report, timers: Timers) {
		this.#open = open;
		this.#report = report;
		this.#timers = timers;
	}
	/** Opens the stores unless they are open; throws if they cannot be opened. */
	open(): void {
		this.#stores ??= this.#open(this.#report);
	}
	/** Resolves to warnings about the stores once they can be used; rejects if they cannot. */
	async ready(): Promise<readonly string[]> {
		const { logs, rows, keys } = this.#opened;
		await Promise.all([logs.ready?.(), rows.ready?.()]);
		if (await logs.moving()) throw new MoveBegun();
		await this.#belonging();
		const sealing = (await this.vault?.ready()) ?? [];
		return [...new Set([...[logs, rows, keys].flatMap((part) => part?.warnings ?? []), ...sealing])];
	}
	/** Rejects if the rows belong to another installation than the logs; adopts rows without one. */
	async #belonging(): Promise<void> {
		const { logs, rows } = this.#opened;
		const [ours, theirs] = [await logs.installation(), await rows.installation()];
		if (theirs === null) await rows.adoptInstallation(ours);
		else if (theirs !== ours) throw new ForeignInstallation("what the read models keep", theirs, ours);
	}
	/** Parts of the stores that are not of this system, such as triggers and views. */
	async foreign(): Promise<readonly string[]> {
		const { logs, rows, vault } = this.#opened;
		return [...new Set((await Promise.all([logs.foreign?.(), rows.foreign?.(), vault?.foreign()])).flatMap((parts) => parts ?? []))];
	}
	/** Rejects with ForeignParts if the stores hold such parts. Writes nothing, and reads nothing else. */
	async assertOwn(): Promise<void> {
		await this.#opened.logs.ready?.(); // rejects with the place of a store that does not answer
		const parts = await this.foreign();
		if (parts.length > 0) throw new ForeignParts(parts);
	}
	/** Rejects with LogAltered if the logs differ from their anchored heads. */
	async anchored(): Promise<void> {
		const { logs, anchors, keys } = this.#opened;
		if (keys) await anchors?.assertHeld(logs, keys.known);
	}
	get anchors(): Anchors | undefined {
		return this.#opened.anchors;
	}
	/** Whether the stores are open. */
	get isOpen(): boolean {
		return this.#stores !== null;
	}
	get #opened(): Stores {
		return (this.#stores ??= this.#open(this.#report));
	}
	get rows(): RowStore {
		return this.#opened.rows;
	}
	get vault(): Vault | undefined {
		return this.#opened.vault;
	}
	get keys(): Keyring | undefined {
		return this.#opened.keys;
	}
	/** Damage found in the stores since they were opened. */
	get damage(): readonly string[] {
		return [this.#stores?.logs.damage, this.#stores?.rows.damage].flatMap((found) => found ?? []);
	}
	/** Copies all logs to a folder. Unsigned commits stay unsigned in the copy. */
	backUp(options: Omit<BackupOptions, "logs" | "keys" | "vault" | "anchor">): Promise<readonly BackedUp[]> {
		const { logs, keys = { known: new Map() }, anchors, vault } = this.#opened;
		const signal = AbortSignal.any([options.signal, this.#closing.signal]);
		const backup = backUp({ ...options, signal, logs, keys, ...(vault ? { vault } : {}), anchor: (partition) => anchors?.of(partition) });
		this.#backups.add(backup);
		return backup.finally(() => this.#backups.delete(backup));
	}
	/** The log of a context; the first call opens it. */
	context(name: string): Promise<ContextLog> {
		let found = this.#contexts.get(name);
		if (!found) this.#contexts.set(name, (found = this.#openLog(name)));
		return found;
	}
	async #openLog(name: string): Promise<ContextLog> {
		const partitions = await this.#opened.logs.open(name);
		const tell: Tell = (partition, last) => this.tell(name, partition, last);
		const codec = this.vault ? new SealingCodec(name, this.vault) : plainCodec;
		const signers = signersOf(partitions, this.#opened, this.#timers, this.#report);
		return new ContextLog(partitions, this.#timers, signers, tell, codec);
	}
	/** The id of the installation that the logs belong to. */
	installation(): Promise<string> {
		return this.#opened.logs.installation();
	}
	/** Whether a log has this partition, `<log>:<partition>`, and holds the position in it. */
	async holds(partition: string, position: number): Promise<boolean> {
		const [context = "", number] = partition.split(":");
		if (!this.#partitions.has(context)) this.#partitions = await this.#opened.logs.contexts();
		if (Number(number) >= (this.#partitions.get(context) ?? 0)) return false;
		const { partitions } = (await this.opened(context)) ?? { partitions: await this.#opened.logs.open(context) };
		const log = partitions.find(({ name }) => name === partition);
		return log !== undefined && !(await endsBefore(log, position));
	}
	/** The log of a context, if this node has opened it. */
	opened(name: string): Promise<ContextLog> | undefined {
		return this.#contexts.get(name);
	}
	/** The logs that this node has opened. */
	contexts(): Promise<readonly ContextLog[]> {
		return Promise.all(this.#contexts.values());
	}
	/** Finishes and signs pending commits of all logs in parallel, then closes the stores; throws the first error. */
	async close(): Promise<void> {
		this.#closing.abort(new BackupRefused("the node was stopped"));
		await Promise.allSettled(this.#backups); // each removes its partial copy
		const opened = await Promise.allSettled(this.#contexts.values());
		const logs = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])); // a log that failed to open has no pending commits
		try {
			await allDone(logs.map((log) => log.close()));
			await this.#stores?.anchors?.settled();
		} finally {
			await this.#stores?.vault?.close();
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
		/** Ends long polls and live feeds, which never end by themselves. */
		stopping(broker: ServiceBroker) {
			void broker.broadcastLocal("$node.stopping");
		},
		async stopped(broker: ServiceBroker) {
			await storages.get(broker)?.close();
		},
	} as Middleware; // moleculer's type of `created` leaves out its argument
}
