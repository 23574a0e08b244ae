/**
 * BankNode - a Moleculer node with the product's mixins: accounts, their read model and metrics, over a log and rows that a test can delay,
 * break, or change from another process.
 */
import { FREE } from "./access.ts";
import { ServiceBroker } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { MetricsServerMiddleware } from "../../mixins/http/metrics-server.ts";
import { Metrics, type MetricsOptions } from "../../mixins/monitoring/metrics.ts";
import { nodeParts } from "../../mixins/monitoring/health.ts";
import { Projected } from "../../mixins/read-models/projected.ts";
import { StorageMiddleware } from "../../mixins/logs/storage.ts";
import { projection } from "../../model/index.ts";
import type { Generation, RowStore, TableSpec } from "../../store/rows.ts";
import { account, type AccountFacts } from "./account.ts";
import { FaultyTable, MemoryRowStore } from "./memory-rows.ts";
import { Scrape } from "./prometheus.ts";
import { ScriptedLog, Shelf } from "./scripted-log.ts";
import { restless, turns } from "./turns.ts";

/** An amount that the read model cannot fold. */
export const POISON = 666;

export const balances = projection<{ readonly balance: number }, AccountFacts>({
	name: "balances",
	of: "account",
	may: FREE,
	follows: ["bank"],
	on: {
		"account.opened": () => ({ balance: 0 }),
		"account.deposited": (row, { amount }) => {
			if (amount === POISON) throw new RangeError("this amount cannot be folded");
			return { balance: (row?.balance ?? 0) + amount };
		},
		"account.withdrawn": (row, { amount }) => ({ balance: (row?.balance ?? 0) - amount }),
	},
	show: (row) => row,
	filters: [],
});

/** Rows in memory, whose tables fail on demand. */
export class FaultyRows implements RowStore {
	readonly inner = new MemoryRowStore();
	readonly tables = new Map<string, FaultyTable>();
	installation = () => this.inner.installation();
	adoptInstallation = (id: string) => this.inner.adoptInstallation(id);
	async open(spec: TableSpec): Promise<FaultyTable> {
		const table = this.tables.get(spec.name) ?? new FaultyTable(await this.inner.open(spec));
		this.tables.set(spec.name, table);
		return table;
	}
	generations = (name: string) => this.inner.generations(name);
	liveGeneration = (spec: TableSpec, code: string, at: string) => this.inner.liveGeneration(spec, code, at);
	begin = (spec: TableSpec, code: string, at: string) => this.inner.begin(spec, code, at);
	promote = (name: string, number: number) => this.inner.promote(name, number);
	remove = (name: string, number: number) => this.inner.remove(name, number);
	adopt = (name: string, generations: readonly Generation[]) => this.inner.adopt(name, generations);
	discard = (table: string) => this.inner.discard(table);
	close = () => this.inner.close();
}

interface Options extends MetricsOptions {
	readonly shelf?: Shelf;
	/** Rows shared with another node. */
	readonly rows?: FaultyRows;
	readonly nodeID?: string;
	/** Connects to the other joined nodes of this process. */
	readonly joined?: boolean;
	readonly reading?: boolean;
	/** A port for the metrics. */
	readonly port?: number;
}

export class BankNode {
	readonly shelf: Shelf;
	readonly log: ScriptedLog;
	readonly rows: FaultyRows;
	readonly metrics: Metrics;
	readonly broker: ServiceBroker;

	private constructor({
		shelf = new Shelf(),
		rows = new FaultyRows(),
		nodeID = "bank",
		joined = false,
		reading = true,
		port,
		...options
	}: Options) {
		this.shelf = shelf;
		this.rows = rows;
		this.log = new ScriptedLog(shelf);
		this.metrics = new Metrics(options);
		this.broker = new ServiceBroker({
			nodeID,
			logger: false,
			...(joined ? { transporter: "Fake" as const } : {}),
			metrics: { enabled: true, collectProcessMetrics: false },
			internalServices: { $node: { name: "$node", mixins: [nodeParts, this.metrics.node] } },
			internalMiddlewares: false,
			middlewares: [
				"ActionHook",
				"Validator",
				"Timeout",
				"ErrorHandler",
				this.metrics.middleware,
				...(port === undefined ? [] : [MetricsServerMiddleware({ port, host: "127.0.0.1" })]),
				StorageMiddleware(
					() => ({
						logs: {
							installation: async () => "bank",
							adoptInstallation: async () => undefined,
							contexts: async () => new Map([["bank", 1]]),
							open: async () => [this.log],
							moving: async () => false,
							setMoving: async () => undefined,
							close: async () => undefined,
						},
						rows: this.rows,
					}),
					restless,
				),
			] as never,
		});
		this.broker.createService({ name: account.name, mixins: [EventSourced(account)] });
		if (reading) this.broker.createService({ name: balances.name, mixins: [Projected(balances)] });
	}
	static async start(options: Options = {}): Promise<BankNode> {
		const node = new BankNode(options);
		await node.broker.start();
		return node;
	}
	stop(): Promise<void> {
		return this.broker.stop();
	}

	/** The table of the read model. */
	get table(): FaultyTable {
		const table = this.rows.tables.get(balances.name);
		if (!table) throw new Error("there is no read model");
		return table;
	}
	/** Sends a command; returns the code of its refusal, or "done". */
	async give(command: string, params: object): Promise<string> {
		return this.broker.call<unknown, object>(`account.${command}`, params).then(
			() => "done",
			({ type, message }: { type?: string; message: string }) => type ?? message,
		);
	}
	async open(...ids: readonly string[]): Promise<void> {
		await Promise.all(ids.map((id) => this.give("open", { id, owner: "Ada" })));
	}
	async scrape(): Promise<Scrape> {
		return new Scrape(await this.metrics.text());
	}
	/** Resolves when all work that needs no timer is done. */
	settle(): Promise<void> {
		return turns(50);
	}
}
