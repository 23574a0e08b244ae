/** Vault - a real SQLite log with signed heads for manipulation: the product writes and verifies it, and SQL changes it directly. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { chained } from "../../store/chain.ts";
import { keyId, type PublicKeys, signHead, type SigningKey } from "../../store/evidence/heads.ts";
import type { Commit, Head, LogPartition } from "../../store/log.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { type Finding, type Progress, type Verified, verify } from "../../store/evidence/verify.ts";
import { chainedAfter, EMPTY } from "./commits.ts";
import { Folder } from "./folder.ts";

export const AT = "2026-03-01T08:15:00.000Z";

export function newKey(): SigningKey {
	const { privateKey } = generateKeyPairSync("ed25519");
	return { id: keyId(createPublicKey(privateKey)), key: privateKey };
}
export const publicOf = (...keys: readonly SigningKey[]): PublicKeys => new Map(keys.map(({ id, key }) => [id, createPublicKey(key)]));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The progress steps of a verification, and its result. */
export async function verified(
	log: LogPartition,
	keys: PublicKeys,
	heads: readonly Head[] = [],
	anchor?: Head,
): Promise<{ readonly progress: readonly Progress[]; readonly end: Verified }> {
	const progress: Progress[] = [];
	let end: Verified | undefined;
	for await (const item of verify(log, { keys, heads, anchor, turn })) {
		if ("findings" in item) end = item;
		else progress.push(item);
	}
	if (!end) throw new Error("a verification ends with what it came to");
	return { progress, end };
}

/** Realistic drafts: mixed streams of one to four commits, with one to three facts each. */
export function drafts(count: number) {
	const versions = new Map<string, number>();
	return Array.from({ length: count }, (_, i) => {
		const stream = `thing-${i % 3 === 0 ? i % 12 : i}`;
		const version = versions.get(stream) ?? 0;
		const facts = Array.from({ length: (i % 3) + 1 }, (_none, n) => ({ type: "thing.happened", data: { text: `é ${i} "${n}"` } }));
		versions.set(stream, version + facts.length);
		return { stream, version, facts };
	});
}

export class Vault {
	readonly folder = new Folder();
	readonly key = newKey();
	readonly file = this.folder.file("events.db");
	#store = new SqliteLogStore(this.file);
	readonly #logs = new Map<string, LogPartition>();

	async log(context = "radar"): Promise<LogPartition> {
		const found = this.#logs.get(context) ?? (await this.#store.open(context))[0];
		if (!found) throw new Error("a log has at least one partition");
		this.#logs.set(context, found);
		return found;
	}

	/** Fills a log with commits, and signs heads at the given positions. */
	async filled(count: number, heads: readonly number[] = [], context = "radar"): Promise<readonly Commit[]> {
		const log = await this.log(context);
		const commits = chainedAfter(EMPTY, drafts(count));
		for (let i = 0; i < count; i += log.maxBatch)
			if (!(await log.append(commits.slice(i, i + log.maxBatch)))) throw new Error("not appended");
		for (const position of heads) await log.keepHead(this.head(commits, position));
		return commits;
	}
	head(commits: readonly Commit[], position: number, key = this.key, partition = "radar:0"): Head {
		const commit = commits[position - 1];
		if (!commit) throw new Error(`there is no commit ${position}`);
		return signHead(partition, commit, AT, key);
	}

	/** Changes the file directly, without the product. */
	tamper(change: (db: DatabaseSync) => void): void {
		const db = new DatabaseSync(this.file);
		try {
			change(db);
		} finally {
			db.close();
		}
	}
	sql(statement: string, ...params: readonly SQLInputValue[]): void {
		this.tamper((db) => void db.prepare(statement).run(...params));
	}
	/** Changes the body of a commit; with `rechain`, also recomputes the hashes from there on, like a skilled attacker. */
	rewrite(position: number, change: (body: string) => string, rechain = true): void {
		this.tamper((db) => {
			const rows = db.prepare("SELECT * FROM log_radar_0 WHERE position >= ? ORDER BY position").all(position);
			let hash = String(db.prepare("SELECT hash FROM log_radar_0 WHERE position = ?").get(position - 1)?.["hash"] ?? "");
			for (const [i, row] of rows.entries()) {
				const body = i === 0 ? change(String(row["body"])) : String(row["body"]);
				hash = rechain ? chained(hash, String(row["stream"]), Number(row["version"]), body) : String(row["hash"]);
				db.prepare("UPDATE log_radar_0 SET body = ?, hash = ? WHERE position = ?").run(body, hash, row["position"] ?? null);
			}
		});
	}

	async verified(heads: readonly Head[] = [], keys = publicOf(this.key)) {
		return verified(await this.log(), keys, heads);
	}
	async findings(heads: readonly Head[] = [], keys = publicOf(this.key)): Promise<readonly Finding[]> {
		return (await this.verified(heads, keys)).end.findings;
	}
	/** Findings like `3 CHANGED_COMMIT`, ordered by position. */
	async found(heads: readonly Head[] = [], keys = publicOf(this.key)): Promise<readonly string[]> {
		return (await this.findings(heads, keys)).map(({ position, code }) => `${position} ${code}`);
	}

	async remove(): Promise<void> {
		await this.#store.close();
		this.folder.remove();
	}
}
