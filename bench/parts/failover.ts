/**
 * Failover - the longest wait of clients that know both gateways and retry: six processes on this machine under load, with one failure
 * after another. On SQLite, or on the MongoDB of MONGO_URL.
 *
 * node bench/parts/failover.ts [--clients 8] [--seconds 6]
 *
 * `--clients`: each repeatedly sends a command, a read after it, a passage, ten in bulk and a list. `--seconds`: duration of each failure.
 * Needs nats-server on PATH.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Insist } from "../../test/cluster/insist.ts";
import { Dice } from "../../test/http/random.ts";
import { Cluster, ground, hasNats } from "../../test/support/cluster.ts";
import type { Answer } from "../../test/support/system.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";

const { clients, seconds } = numbers({ clients: "8", seconds: "6" });

const person = { kind: "person", name: "Jeanne Martin", birthDate: "1984-02-29", email: "jeanne.martin@example.org" };
const radar = { kind: "fixed", latitude: 48.8566, longitude: 2.3522, road: "A6", limits: { lightKmh: 110 } };
const certificate = { number: "LNE-1", validFrom: "2000-01-01T00:00:00Z", validUntil: "2100-01-01T00:00:00Z" };
const radars = 8;
const passage = (id: string, n: number) => ({
	id,
	radar: `r-${n % radars}`,
	plate: "AA-123-AA",
	country: "FR",
	speedKmh: 100,
	capturedAt: "2025-06-02T12:00:00Z",
});
const kinds = ["command", "read behind it", "passage", "ten in bulk", "list"] as const;
type Kind = (typeof kinds)[number];

class Load {
	readonly #cluster: Cluster;
	#over = false;
	#n = 0;
	#longest = new Map<Kind, number>();
	asked = 0;
	#running: Promise<unknown> = Promise.resolve();

	constructor(cluster: Cluster) {
		this.#cluster = cluster;
	}
	async begin(): Promise<void> {
		const client = new Insist(this.#cluster.gateways, new Dice(1));
		for (let n = 0; n < radars; n++) {
			await done(client.post("/radars", { id: `r-${n}`, ...radar }));
			await done(client.post(`/radars/r-${n}/calibrate`, certificate));
			await done(client.post(`/radars/r-${n}/activate`, { from: certificate.validFrom }));
		}
		this.#running = Promise.all(Array.from({ length: clients }, (_, n) => this.#side(n)));
	}
	async #side(seed: number): Promise<void> {
		const client = new Insist(this.#cluster.gateways, new Dice(seed));
		while (!this.#over) {
			const n = this.#n++;
			const { headers } = await this.#timed("command", client.post("/owners", { id: `o-${n}`, ...person }, `o-${n}`));
			const seen = { "x-position": String(headers["x-position"]) };
			await this.#timed("read behind it", client.get(`/owners/o-${n}`, seen));
			await this.#timed("passage", client.post("/detections", passage(`d-${n}`, n), `d-${n}`));
			await this.#timed("ten in bulk", client.ndjson(Array.from({ length: 10 }, (_, i) => passage(`b-${n}-${i}`, n + i))));
			await this.#timed("list", client.get("/radars"));
			await delay(20);
		}
	}
	async #timed(kind: Kind, asked: Promise<Answer>): Promise<Answer> {
		const begun = performance.now();
		const answer = await done(asked);
		this.asked++;
		this.#longest.set(kind, Math.max(this.#longest.get(kind) ?? 0, performance.now() - begun));
		return answer;
	}
	/** In seconds, since the last call. */
	longest(): readonly number[] {
		const found = kinds.map((kind) => Math.round((this.#longest.get(kind) ?? 0) / 10) / 100);
		this.#longest = new Map();
		return found;
	}
	async end(): Promise<void> {
		this.#over = true;
		await this.#running;
	}
}
async function done(asked: Promise<Answer>): Promise<Answer> {
	const answer = await asked;
	if (answer.status >= 300) throw new Error(`answered ${answer.status}: ${answer.text.slice(0, 300)}`);
	return answer;
}

interface Trouble {
	readonly name: string;
	readonly begin: () => Promise<void>;
	readonly end: () => Promise<void>;
}
const nothing = (): Promise<void> => Promise.resolve();
/** Covers each side, whichever of its two nodes is the owner. */
function troublesOf(cluster: Cluster): readonly Trouble[] {
	const nodes = cluster.names.filter((name) => !name.startsWith("gateway"));
	const away = async (milliseconds: number): Promise<void> => {
		await cluster.nats.kill();
		await delay(milliseconds);
		await cluster.nats.up();
	};
	return [
		{ name: "nothing", begin: nothing, end: nothing },
		...cluster.names.map((name) => ({ name: `${name} is killed`, begin: () => cluster.kill(name), end: () => cluster.join(name) })),
		...nodes.map((name) => ({
			name: `${name} stands still`,
			begin: () => cluster.pauseUnlocked(name),
			end: async () => cluster.resume(name),
		})),
		{ name: "NATS is restarted", begin: () => away(0), end: nothing },
		{ name: "NATS is away for 0.5 s", begin: () => away(500), end: nothing },
		{ name: "NATS is away for 0.5 s, again", begin: () => away(500), end: nothing },
		...["command-1", "query-1"].map((name) => ({
			name: `${name} leaves`,
			begin: async () => void (await cluster.leave(name)),
			end: () => cluster.join(name),
		})),
	];
}

async function measure(): Promise<Result> {
	if (!hasNats) throw new Error("there is no nats-server on PATH");
	const at = process.env["MONGO_URL"] ? await ground() : null;
	const cluster = at ? await Cluster.start(at) : await Cluster.shared();
	const load = new Load(cluster);
	const rows: (string | number)[][] = [];
	try {
		await load.begin();
		for (const { name, begin, end } of troublesOf(cluster)) {
			await cluster.ready();
			await delay(1000);
			load.longest();
			const before = load.asked;
			await begin();
			await delay(seconds * 1000);
			await end();
			await delay(2000);
			const longest = load.longest();
			rows.push([name, ...longest, load.asked - before]);
			say(`${name}: ${longest.map((one) => `${one} s`).join(", ")}`);
		}
		await load.end();
	} finally {
		await cluster.stop();
		await at?.mongo.stop();
	}
	const all = rows.slice(1).flatMap((row) => row.slice(1, -1).map(Number));
	return {
		about: `Two command nodes, two query nodes and two gateways on this machine${at ? ", on a MongoDB" : ", on SQLite"}, and ${clients} clients that know both gateways and ask again, at either, after 0.1 s. One thing after another goes wrong for ${seconds} s; the longest wait of each kind of request, from when it was first sent until it was answered, in seconds.`,
		tables: [{ columns: ["", ...kinds, "answered"], rows }],
		figures: { longestWaitSeconds: Math.max(...all) },
	};
}

await run(measure);
