/**
 * Anchors - the newest signed head of each partition, in files outside the database (docs/decisions/0025-heads-anchored-outside.md).
 * An attacker with write access to the database can rewrite a log and remove its heads, but the result cannot match these files.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { doubtOf, headsText, HeadsUnreadable, newestOf, parseHeads, type PublicKeys } from "./heads.ts";
import { asError, type Head, type LogStore } from "../log.ts";

/** A log does not match a signed head: it was truncated, rewritten or reset, or its heads were removed. */
export class LogAltered extends Error {
	readonly code = "LOG_ALTERED";
}

const ENDING = ".head";
const fileOf = (partition: string): string => `${partition.replace(":", ".")}${ENDING}`;

/** The heads in a folder, one file per partition; does not create the folder. Throws LogAltered for a file without a valid head. */
export function anchorsIn(folder: string): readonly Head[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((name) => name.endsWith(ENDING))
		.map((name) => anchorIn(join(folder, name), name));
}
function anchorIn(file: string, name: string): Head {
	try {
		const { heads } = parseHeads(readFileSync(file, "utf8"));
		const [head] = heads;
		if (head && heads.length === 1 && fileOf(head.partition) === name) return head;
	} catch (error) {
		if (!(error instanceof HeadsUnreadable)) throw error;
	}
	throw new LogAltered(`${file} is not the signed head it is named after: put the right one back, or see who changed it`);
}

/** Keeps the newest head of each partition in a folder. */
export class Anchors {
	readonly #folder: string;
	readonly #failed: (reason: string) => void;
	#failing = false;
	readonly #kept: Map<string, Head>;
	readonly #waiting = new Map<string, Head>();
	#writing: Promise<void> | null = null;

	/** `failed` is called with the reason once per series of write failures; every head is still tried. */
	constructor(folder: string, failed: (reason: string) => void) {
		this.#folder = folder;
		this.#failed = failed;
		this.#kept = new Map(anchorsIn(folder).map((head) => [head.partition, head]));
	}

	of(partition: string): Head | undefined {
		return this.#kept.get(partition);
	}
	get all(): readonly Head[] {
		return [...this.#kept.values()];
	}

	/** Asserts that every log still holds its signed commit and a valid head. Throws LogAltered, which says how to recover. */
	async assertHeld(logs: LogStore, keys: PublicKeys): Promise<void> {
		const contexts = await logs.contexts();
		for (const anchor of this.all) {
			const reason = await departure(anchor, logs, contexts, keys);
			if (reason !== null)
				throw new LogAltered(
					`the log is not what was signed: ${reason}. Put back the latest copy of the log and prove it with "npm run es -- verify"; if this is the latest, what was signed after it is lost: move ${this.#folder} away and start again`,
				);
		}
	}

	/** Queues a head for an atomic write; of several queued heads of a partition only the newest is written. */
	keep(head: Head): void {
		if (head.position <= (this.#kept.get(head.partition)?.position ?? 0)) return;
		this.#kept.set(head.partition, head);
		this.#waiting.set(head.partition, head);
		this.#writing ??= this.#write().finally(() => (this.#writing = null));
	}
	/** Resolves when all queued heads are written. */
	async settled(): Promise<void> {
		await this.#writing;
	}

	async #write(): Promise<void> {
		for (let [next] = this.#waiting.values(); next; [next] = this.#waiting.values()) {
			this.#waiting.delete(next.partition);
			await this.#put(next).then(
				() => (this.#failing = false),
				(error: unknown) => {
					if (!this.#failing) this.#failed(asError(error).message);
					this.#failing = true;
				},
			);
		}
	}
	async #put(head: Head): Promise<void> {
		mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
		const file = join(this.#folder, fileOf(head.partition));
		const beside = `${file}.${process.pid}`;
		try {
			const opened = await open(beside, "w", 0o600);
			try {
				await opened.writeFile(headsText([], [head]));
				await opened.sync();
			} finally {
				await opened.close();
			}
			await rename(beside, file);
		} catch (error) {
			rmSync(beside, { force: true });
			throw error;
		}
	}
}

async function departure(anchor: Head, logs: LogStore, contexts: ReadonlyMap<string, number>, keys: PublicKeys): Promise<string | null> {
	const { partition, position, hash, at } = anchor;
	const [context = "", number] = partition.split(":");
	if (doubtOf(anchor, keys)) return `the head of ${partition} kept outside the database is not signed by a key known here`;
	if (Number(number) >= (contexts.get(context) ?? 0)) return `there is no ${partition}, of which ${position} commits were signed at ${at}`;
	const log = (await logs.open(context))[Number(number)];
	const [commit] = (await log?.read(position - 1, 1)) ?? [];
	if (commit?.position !== position) return `${partition} does not hold ${position}, which was signed at ${at}`;
	if (commit.hash !== hash) return `${partition}:${position} is not the commit that was signed at ${at}`;
	if (!newestOf((await log?.heads()) ?? [], keys)) return `${partition} holds no valid head, though one was signed at ${at}`;
	return null;
}
