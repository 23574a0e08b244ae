/**
 * Over several processes - the bulk pipeline until every read model is complete: in one process, and with command side, query side and
 * gateway in separate processes on one machine. They connect over NATS and share the SQLite files, or a MongoDB.
 *
 * node bench/parts/nodes.ts [--detections 60k] [--radars 1000] [--mongo 2k]
 *
 * `--mongo`: number of detections on a MongoDB. Needs nats-server on PATH.
 */
import { type MongoServer, mongoServer, onPath } from "../../test/support/mongo.ts";
import { CLUSTER_KEY, Nats, ROLES } from "../../test/support/cluster.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { type ProductRun, runProduct } from "../rig/run.ts";

const { detections, radars, mongo } = numbers({ detections: "60k", radars: "1000", mongo: "2k" });

/** Time limit for one layout on a MongoDB that does not keep up. */
const patienceMs = 90_000;

interface Layout {
	readonly name: string;
	readonly nodes?: readonly string[];
}
const { command, query, gateway } = ROLES;
const layouts: readonly Layout[] = [
	{ name: "1: everything" },
	{ name: "2: commands and gateway, queries", nodes: [query, `${command},${gateway}`] },
	{ name: "3: commands, queries, gateway", nodes: [command, query, gateway] },
	{ name: "5: 2 commands, 2 queries, gateway", nodes: [command, command, query, query, gateway] },
];

async function ran({ name, nodes }: Layout, count: number, nats: string, url: string | null): Promise<ProductRun | string> {
	const settings = { ...(nodes ? { NATS_URL: nats, CLUSTER_KEY } : {}), ...(url ? { MONGO_URL: url, PARTITIONS: "4" } : {}) };
	try {
		const sized = url ? { radars: Math.min(radars, 20), vehicles: 50, withinMs: patienceMs } : { radars };
		const done = await runProduct({ detections: count, ...sized, setup: { settings, ...(nodes ? { nodes } : {}) } });
		say(`${name}${url ? " on MongoDB" : ""}: ${done.perSecond}/s, ${done.cpuMicrosPerDetection} µs each`);
		return done;
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		say(`${name}: ${reason}`);
		return reason.split("\n")[0]?.slice(0, 120) ?? "";
	}
}
const rowOf = (name: string, done: ProductRun | string, first: ProductRun | string) =>
	typeof done === "string"
		? [name, "failed", "", "", "", done]
		: [
				name,
				done.perSecond,
				typeof first === "string" ? "" : share(done.perSecond, first.perSecond),
				done.cpuMicrosPerDetection,
				done.rssMb,
				done.stoppedCleanly ? "" : "did not stop cleanly",
			];
const columns = ["processes", "detections/s", "of one process", "CPU µs each", "peak MB of all", ""];

async function onSqlite(nats: string | null) {
	const rows = [];
	let first: ProductRun | string | null = null;
	for (const layout of layouts.filter(({ nodes }) => !nodes || nats)) {
		const done = await ran(layout, detections, nats ?? "", null);
		first ??= done;
		rows.push(rowOf(layout.name, done, first));
	}
	return {
		caption: `On SQLite, one data folder, ${detections.toLocaleString("en")} detections over ${radars.toLocaleString("en")} radars.`,
		columns,
		rows,
	};
}
async function onMongo(server: MongoServer, nats: string | null) {
	const rows = [];
	let first: ProductRun | string | null = null;
	for (const layout of layouts.filter(({ nodes = [] }) => nodes.length === 0 || (nats && nodes.length === 3))) {
		const place = server.place();
		const done = await ran(layout, mongo, nats ?? "", place.url).finally(() => place.remove());
		first ??= done;
		rows.push(rowOf(layout.name, done, first));
	}
	const name = server.ferret ? "FerretDB (MongoDB's protocol over SQLite, on the same machine)" : "MongoDB";
	return {
		caption: `On ${name}, 4 partitions, ${mongo.toLocaleString("en")} detections over 20 radars, given up after ${patienceMs / 1_000} s.`,
		columns,
		rows,
	};
}

async function measure(): Promise<Result> {
	const nats = onPath("nats-server") ? await Nats.start() : null;
	const server = await mongoServer();
	const tables = [await onSqlite(nats?.url ?? null), ...(server ? [await onMongo(server, nats?.url ?? null)] : [])];
	await server?.stop();
	await nats?.end();
	return {
		about:
			"The pipeline in bulk until every read model is complete, in one process and in several on this machine, which find each other over NATS. With as many cores as here, more processes share the same machine: what is gained is that reading and deciding no longer wait for each other, what it costs is the way between them.",
		tables,
		notes: [...(nats ? [] : ["No nats-server on PATH: one process only."]), ...(server ? [] : ["No MongoDB was available."])],
	};
}

await run(measure);
