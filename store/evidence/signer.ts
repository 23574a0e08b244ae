/**
 * Signer - signs the head of one partition now and then, beside the writer and never in its way. It signs only what follows from
 * the last head it knows: a log that was changed under it is not made good by its signature.
 */
import { type Anchors, LogAltered } from "./anchors.ts";
import { follows } from "../chain.ts";
import { newestOf, signHead } from "./heads.ts";
import type { SigningKeyring } from "./keys.ts";
import { asError, type Commit, type Head, type LogPartition, type Tail } from "../log.ts";

export interface SignerOptions {
	readonly keys: SigningKeyring;
	/** Where each head is kept outside the database, too. */
	readonly anchors?: Pick<Anchors, "of" | "keep"> | undefined;
	/** ISO-8601 UTC. */
	readonly now: () => string;
	/** Once, in so many milliseconds, unless the returned function is called before. */
	readonly later: (milliseconds: number, run: () => void) => () => void;
	/** Lets others have their turn. */
	readonly turn: () => Promise<void>;
	/** Told what nobody asked for: an error when the log was altered, a warning when it is tried again. */
	readonly report: (level: "warn" | "error", message: string) => void;
}

/** Commits after which a head is signed, and milliseconds after the first one that is not. */
const EVERY = 1000;
const AT_LATEST = 60_000;
const TRY_AGAIN = 10_000;
const PAGE = 1000;

export class Signer {
	readonly log: LogPartition;
	readonly #options: SignerOptions;
	/** How far the chain was followed from the last head. */
	#followed: Tail | null = null;
	#signed = 0;
	/** Commits of this node that came since, and whether there may be others. */
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

	/** The position of the last head known of. */
	get position(): number {
		return this.#signed;
	}

	/** Looks at once whether the log follows from its last head; what was left unsigned when the system last ended is signed too. */
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

	/** These are durable. Costs one hash, for what this process made itself it need not read. */
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

	/** Signs what is not signed yet; null when there is nothing. Rejects when it cannot, and with LogAltered when it must not. */
	sign(): Promise<Head | null> {
		const next = this.#running.then(() => this.#sign());
		this.#running = next.catch(() => {}); // told to whoever asked
		return next;
	}

	/** At a clean stop, when nothing is under way. */
	async close(): Promise<void> {
		await this.#running;
		if (this.#due) await this.#unasked();
		this.#settled();
	}

	/** Reports what goes wrong, once if it will never go right. */
	async #unasked(): Promise<void> {
		if (this.#altered) return;
		await this.#options.turn(); // those who wait for an answer first
		await this.sign().catch((error: unknown) => this.#told(error));
	}
	#told(error: unknown): void {
		if (!(error instanceof LogAltered))
			return this.#options.report("warn", `${this.log.name} cannot be signed now: ${asError(error).message}`);
		this.#altered = error;
		this.#options.report("error", `${error.message}: it is not signed any more; es-verify tells more`);
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
		this.#since = 0; // what comes from now on may or may not be in it
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

	/** Up to the tail; what others wrote is read and checked. */
	async #follow(): Promise<Tail> {
		let followed = (this.#followed ??= await this.#begin());
		for (;;) {
			const page = await this.log.read(followed.position, PAGE);
			if (this.#followed !== followed) return this.#followed; // the writer was faster, and stands at the end
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

	/** Where the last head stands; of a log nobody signed yet, its tail. Nothing is signed over heads that were removed. */
	async #begin(): Promise<Tail> {
		const kept = newestOf(await this.log.heads(), this.#options.keys.known);
		const anchor = this.#options.anchors?.of(this.log.name);
		if (anchor && !kept) throw new LogAltered(`${this.log.name} holds no valid head, of which there was one at ${anchor.position}`);
		const head = anchor && anchor.position > (kept?.position ?? 0) ? anchor : kept;
		if (!head) return this.log.tail();
		const [commit] = await this.log.read(head.position - 1, 1);
		if (commit?.position !== head.position)
			throw new LogAltered(`${this.log.name} has no commit ${head.position}, of which there is a head`);
		if (commit.hash !== head.hash) throw new LogAltered(`${this.log.name} does not stand at ${head.position} where its head does`);
		this.#signed = head.position;
		return { position: head.position, hash: head.hash };
	}
}
