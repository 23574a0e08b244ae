/** Bare log - the minimum cost of reading a log on SQLite: every row read and hashed; every fact parsed and put into a table. */
import { hash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { freshFolder } from "../rig/product.ts";

const batch = 4_000;
const contexts = ["radar", "infraction", "registration"] as const;
type Context = (typeof contexts)[number];

interface Body {
	readonly facts: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
}
type Row = readonly [position: number, stream: string, version: number, body: string];

function* rowsOf(db: DatabaseSync, context: Context): Generator<readonly Row[]> {
	const page = db.prepare(
		`SELECT position, stream, version, body FROM "log_${context}_0" WHERE position > ? ORDER BY position LIMIT ${batch}`,
	);
	page.setReturnArrays(true);
	for (let after = 0; ;) {
		const rows = page.all(after) as unknown as Row[]; // the selected columns
		if (rows.length === 0) return;
		after = rows.at(-1)?.[0] ?? after;
		yield rows;
	}
}

/** Hashes every commit of all logs in a chain. */
export function bareWalk(events: string): { readonly perSecond: number } {
	const db = new DatabaseSync(events, { readOnly: true });
	const begun = performance.now();
	let count = 0;
	for (const context of contexts) {
		let last = "";
		for (const rows of rowsOf(db, context))
			for (const [, stream, version, body] of rows) last = hash("sha256", `${last}\n${stream}\n${version}\n${body}`, "base64url");
		count += Number(db.prepare(`SELECT max(position) AS commits FROM "log_${context}_0"`).get()?.["commits"] ?? 0);
	}
	const seconds = (performance.now() - begun) / 1_000;
	db.close();
	return { perSecond: count / seconds };
}

export function factsIn(events: string, context: Context): number {
	const db = new DatabaseSync(events, { readOnly: true });
	const found = db.prepare(`SELECT sum(json_array_length(body, '$.facts')) AS facts FROM "log_${context}_0"`).get();
	db.close();
	return Number(found?.["facts"]);
}

/** Facts per second. `counted`: one row with two counters per radar, instead of one row per stream. */
export function bareFold(events: string, context: Context, counted: boolean): number {
	const folder = freshFolder("bare-fold");
	const log = new DatabaseSync(events, { readOnly: true });
	const rows = new DatabaseSync(join(folder.path, "rows.db"));
	rows.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16000");
	rows.exec("CREATE TABLE kept (id TEXT PRIMARY KEY, row TEXT NOT NULL, radar TEXT, plate TEXT, status TEXT) STRICT, WITHOUT ROWID");
	if (!counted) for (const column of ["radar", "plate", "status"]) rows.exec(`CREATE INDEX kept_${column} ON kept (${column})`);
	const put = rows.prepare("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)");
	const counts = new Map<string, number>();
	const begun = performance.now();
	let facts = 0;
	for (const page of rowsOf(log, context)) {
		rows.exec("BEGIN");
		const touched = new Set<string>();
		for (const [, stream, , body] of page) {
			const said = JSON.parse(body) as Body; // as written by the product
			facts += said.facts.length;
			const data = Object.assign({}, ...said.facts.map((one) => one.data));
			const radar = String(data.radar ?? stream);
			counts.set(radar, (counts.get(radar) ?? 0) + 1);
			if (counted) touched.add(radar);
			else put.run(stream, JSON.stringify(data), radar, String(data.plate ?? ""), said.facts.at(-1)?.type ?? "");
		}
		for (const radar of touched) put.run(radar, JSON.stringify({ detections: counts.get(radar) }), "", "", "");
		rows.exec("COMMIT");
	}
	const perSecond = (facts * 1_000) / (performance.now() - begun);
	log.close();
	rows.close();
	folder.remove();
	return perSecond;
}
