/**
 * Vigie - the product as delivered: an event-sourced actor service and a read model on a broker with moleculer.config.ts, called by
 * local actions; embedded, or on MongoDB where the task has one.
 */
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { EventSourced } from "../../../mixins/actors/event-sourced.ts";
import { Projected } from "../../../mixins/read-models/projected.ts";
import { aggregate, id, integer, invariant, projection, text, type Case, type Unknown } from "../../../model/index.ts";
import { brokerOptions } from "../../../node/broker.ts";
import { LOG_FILE } from "../../../node/stores.ts";
import { decode } from "../../../store/codec.ts";
import type { LogStore } from "../../../store/log.ts";
import { MongoLogStore } from "../../../store/mongo/log.ts";
import { parsePositions, positionsText } from "../../../store/position.ts";
import { SqliteLogStore } from "../../../store/sqlite/log.ts";
import { contentOf, type Kept, type Running, type Task } from "../contestant.ts";
import { evolve, fold, FULL, type Order, type Radar, type Reading, Refused, type Row, type Shape, UNKNOWN } from "../work.ts";

type Installed = Extract<Radar, { status: "installed" }>;
interface Facts {
	"radar.installed": Reading;
	"radar.read": Reading;
}
const { fact, command, define } = aggregate<Unknown | Installed, Facts>();
const hasRoom = invariant("FULL", "A radar takes so many readings", ({ state }: Case<Installed>) => state.readings < FULL);
const order = {
	id: id(),
	n: integer(0, 1e9),
	plate: text(),
	country: text(2),
	speedKmh: integer(1, 400),
	capturedAt: text(40),
	road: text(),
	direction: text(),
	device: text(),
	certificate: text(),
	digest: text(),
};
const evolved = (state: Radar, data: Reading): Installed => evolve(state, data) as Installed; // evolve never makes one unknown again
const radar = define({
	name: "radar",
	plural: "radars",
	context: "bench",
	statuses: { installed: "it takes readings" },
	begins: ["radar.installed"],
	commands: {
		install: command(order, { from: ["unknown"], decide: (_unknown, params) => [fact("radar.installed", contentOf(params))] }),
		read: command(order, { from: ["installed"], require: [hasRoom], decide: (_radar, params) => [fact("radar.read", contentOf(params))] }),
	},
	asks: {},
	evolve: { "radar.installed": (_unknown, data) => evolved(UNKNOWN, data), "radar.read": (state, data) => evolved(state as Radar, data) },
});
const radars = projection<Row, Facts>({
	name: "radars",
	of: "radar",
	follows: ["bench"],
	on: { "radar.installed": fold, "radar.read": fold },
	show: (row) => row,
	filters: [],
});

interface Page {
	readonly rows: readonly (Row & { readonly id: string })[];
	readonly next: string | null;
}
const wantsMongo = ({ contestant }: Task): boolean => contestant.endsWith("mongodb");

export async function open(task: Task): Promise<Running> {
	const { folder, mongoUrl } = task;
	const settings = { dataDir: folder, partitions: undefined, logLevel: "error" as const, host: "127.0.0.1" };
	const broker = new ServiceBroker(brokerOptions({ ...settings, ...(wantsMongo(task) ? { mongoUrl } : {}) }));
	broker.createService({ name: radar.name, mixins: [EventSourced(radar)] });
	if (task.projection) broker.createService({ name: radars.name, mixins: [Projected(radars)], metadata: { code: "bench" } });
	await broker.start();
	const seen: Record<string, number> = {};
	return {
		async command(shape: Shape, params: Order) {
			const { position } = await broker.call<{ position: string }, Order>(shape === "new" ? "radar.install" : "radar.read", params);
			for (const [partition, at] of Object.entries(parsePositions(position) ?? {})) seen[partition] = Math.max(seen[partition] ?? 0, at);
		},
		retried: () => 0,
		async complete() {
			const read = () => broker.call("radars.list", { pageSize: 1 }, { meta: { position: positionsText(seen) } });
			for (const deadline = Date.now() + 60_000; ;)
				try {
					return void (await read());
				} catch (error) {
					if ((error as { type?: string }).type !== "READ_MODEL_LAGGING" || Date.now() > deadline) throw error;
				}
		},
		async rows() {
			const rows = new Map<string, Row>();
			for (let after: string | null = ""; after !== null;) {
				const page: Page = await broker.call<Page, object>("radars.list", { pageSize: 100, ...(after ? { after } : {}) });
				for (const row of page.rows) rows.set(row.id, row);
				after = page.next;
			}
			return rows;
		},
	};
}

export async function find(task: Task): Promise<readonly Kept[]> {
	const { folder, mongoUrl = "" } = task;
	const logs: LogStore = wantsMongo(task) ? new MongoLogStore(mongoUrl) : new SqliteLogStore(join(folder, LOG_FILE));
	const kept: Kept[] = [];
	for (const partition of await logs.open("bench"))
		for (let after = 0, more = true; more;) {
			const commits = await partition.read(after, 1000);
			for (const commit of commits) {
				if (commit.position !== ++after) throw new Refused(`a hole after ${after - 1}`);
				const facts = decode(commit).facts as readonly { readonly data: Reading }[]; // the bench's own facts
				facts.forEach(({ data }, i) => kept.push({ id: commit.stream.slice("radar-".length), version: commit.version + i + 1, n: data.n }));
			}
			more = commits.length > 0;
		}
	await logs.close();
	return kept;
}
