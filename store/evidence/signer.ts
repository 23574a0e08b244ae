/**
 * Signer - periodically signs the head of one partition, beside the writer and without delaying it. It signs only commits that follow from
 * the last known head, so that its signature never legitimizes an altered log.
 */
import { type Anchors, LogAltered } from "./anchors.ts";
import { follows } from "../chain.ts";
import { newestOf, signHead } from "./heads.ts";
import type { SigningKeyring } from "./keys.ts";
import { asError, type Commit, type Head, type LogPartition, type Tail } from "../log.ts";

export interface SignerOptions {
	readonly keys: SigningKeyring;
	/** Stores each head outside the database too. */
	readonly anchors?: Pick<Anchors, "of" | "keep"> | undefined;
	/** ISO-8601 UTC. */
	readonly now: () => string;
	/** Runs a callback once after a delay; the returned function cancels it. */
	readonly later: (milliseconds: number, run: () => void) => () => void;
	/** Yields to the event loop. */
	readonly turn: () => Promise<void>;
	/** Reports failures of background signing: an error if the log was altered, a warning if signing is retried. */
	readonly report: (level: "warn" | "error", message: string) => void;
}

/** Number of commits after which a head is signed, and maximum milliseconds after the first unsigned commit. */
const EVERY = 1000;
const AT_LATEST = 60_000;
const TRY_AGAIN = 10_000;
const PAGE = 1000;

export class Signer {
	readonly log: LogPartition;
	readonly #options: SignerOptions;
	/** The place up to which the chain was verified from the last head. */
	#followed: Tail | null = null;
	#signed = 0;
	/** Commits of this node since the last signature, and whether unsigned commits may exist. */
	#since = 0;
	#due = false;
	#cancel: (() => void) | null = null;
	#running: Promise<unknown> = Promise.resolve();
	#altered: LogAltered | null = null;
	#started = false;

	constructor(log: LogPartition, options: SignerOptions) {
		this.log = log;
		this.#options = options;
	}

	/** Position of the last known head. */
	get position(): number {
		return this.#signed;
	}

	/** Checks at once that the log holds its last head, and schedules a signature for commits left unsigned by the previous run. */
	start(): void {
		if (this.#started) return;
		this.#started = true;
		this.#wanted(AT_LATEST);
		this.#running = this.#running.then(async () => {
			try {
				const { position } = (this.#followed ??= await this.#begin());
				const unsigned = `${this.log.name} holds ${position} commits and no head: they are signed from here on`;
				if (position > 0 && this.#signed === 0) this.#options.report("warn", unsigned);
			} catch (error) {
				this.#told(error);
			}
		});
	}

	/** Called with durable commits of this process. It checks one hash and reads nothing. */
	appended(commits: readonly Commit[]): void {
		const [first] = commits;
		const last = commits.at(-1);
		if (!first || !last) return;
		if (this.#followed && follows(this.#followed, first)) this.#followed = { position: last.position, hash: last.hash };
		const before = this.#since;
		this.#since += commits.length;
		this.#wanted(AT_LATEST);
		if (before < EVERY && this.#since >= EVERY) void this.#unasked();
	}

	/** Signs up to the tail; null if all is signed. Rejects if the store fails, and with LogAltered if the log does not match its head. */
	sign(): Promise<Head | null> {
		const next = this.#running.then(() => this.#sign());
		this.#running = next.catch(() => {}); // the caller handles it
		return next;
	}

	/** Signs remaining commits at shutdown, after the writer is idle. */
	async close(): Promise<void> {
		await this.#running;
		if (this.#due) await this.#unasked();
		this.#settled();
	}

	/** Signs in the background, and reports failures; an altered log is reported only once. */
	async #unasked(): Promise<void> {
		if (this.#altered) return;
		await this.#options.turn(); // pending answers go first
		await this.sign().catch((error: unknown) => this.#told(error));
	}
	#told(error: unknown): void {
		if (!(error instanceof LogAltered))
			return this.#options.report("warn", `${this.log.name} cannot be signed now: ${asError(error).message}`);
		this.#altered = error;
		this.#options.report("error", `${error.message}: it is no longer signed; run es-verify for details`);
	}
	#wanted(within: number): void {
		this.#due = true;
		this.#cancel ??= this.#options.later(within, () => {
			this.#cancel = null;
			void this.#unasked();
		});
	}
	#settled(): void {
		this.#cancel?.();
		this.#cancel = null;
		this.#due = false;
	}

	async #sign(): Promise<Head | null> {
		if (this.#altered) throw this.#altered;
		this.#settled();
		this.#since = 0; // commits from now on may or may not be included
		try {
			const { position, hash } = await this.#follow();
			if (position <= this.#signed) return null;
			const head = signHead(this.log.name, { position, hash }, this.#options.now(), this.#options.keys.signing);
			await this.log.keepHead(head);
			this.#options.anchors?.keep(head);
			this.#signed = position;
			return head;
		} catch (error) {
			if (error instanceof LogAltered) this.#altered = error;
			else this.#wanted(TRY_AGAIN);
			throw error;
		}
	}

	/** Verifies the chain up to the tail, reading commits of other processes. */
	async #follow(): Promise<Tail> {
		let followed = (this.#followed ??= await this.#begin());
		for (;;) {
			const page = await this.log.read(followed.position, PAGE);
			if (this.#followed !== followed) return this.#followed; // `appended` has already moved it to the end
			for (const commit of page) {
				if (!follows(followed, commit))
					throw new LogAltered(`${this.log.name}:${commit.position} does not follow from ${followed.position}`);
				followed = { position: commit.position, hash: commit.hash };
			}
			this.#followed = followed;
			if (page.length < PAGE) return followed;
			await this.#options.turn();
			followed = this.#followed;
		}
	}

	/** The place of the last head, or the tail of a log without heads. Throws LogAltered if heads were removed. */
	async #begin(): Promise<Tail> {
		const kept = newestOf(await this.log.heads(), this.#options.keys.known);
		const anchor = this.#options.anchors?.of(this.log.name);
		if (anchor && !kept) throw new LogAltered(`${this.log.name} holds no valid head, although one was signed at ${anchor.position}`);
		const head = anchor && anchor.position > (kept?.position ?? 0) ? anchor : kept;
		if (!head) return this.log.tail();
		const [commit] = await this.log.read(head.position - 1, 1);
		if (commit?.position !== head.position)
			throw new LogAltered(`${this.log.name} has no commit ${head.position}, although a head for it was signed`);
		if (commit.hash !== head.hash) throw new LogAltered(`${this.log.name} has another hash at ${head.position} than its head`);
		this.#signed = head.position;
		return { position: head.position, hash: head.hash };
	}
}
