/** Load - so many callers, each with one command in flight; after a while of warming up the clock runs until the time is over or enough was done. */
export interface LoadOptions {
	readonly inFlight: number;
	readonly warmMs: number;
	readonly measureMs: number;
	/** Acknowledged commands at most, on either side of the beginning. */
	readonly most: number;
	readonly give: (n: number) => Promise<void>;
	/** The number of the first command. */
	readonly from: number;
	/** Once, when the clock begins to run. */
	readonly begun: () => void;
	/** Once, when the time is over, the others still in flight. */
	readonly over: () => void;
}
/** How soon the end is seen where nothing is answered, in milliseconds. */
const LOOK_EVERY = 10;
type Phase = "warming" | "measuring" | "over";

export class Load {
	/** Everything, what warmed up included. */
	readonly acknowledged: number[] = [];
	/** Milliseconds from call to acknowledgement, of those acknowledged while the clock ran. */
	readonly latencies: number[] = [];
	readonly refused: Record<string, number> = {};
	/** When the clock began to run, and when the time was over. */
	readonly clock = { begun: Number.NaN, over: Number.NaN };
	readonly #options: LoadOptions;
	#phase: Phase = "warming";
	#since = performance.now();
	#next: number;

	constructor(options: LoadOptions) {
		this.#options = options;
		this.#next = options.from;
	}
	/** Resolves when nothing is in flight any more. */
	async run(): Promise<void> {
		const looking = setInterval(() => this.#look(), LOOK_EVERY);
		await Promise.all(Array.from({ length: this.#options.inFlight }, () => this.#lane()));
		clearInterval(looking);
	}

	async #lane(): Promise<void> {
		while (this.#phase !== "over") {
			const n = this.#next++;
			const asked = performance.now();
			try {
				await this.#options.give(n);
				this.acknowledged.push(n);
				if (this.#phase !== "warming") this.latencies.push(performance.now() - asked);
			} catch (error) {
				const reason = reasonOf(error);
				this.refused[reason] = (this.refused[reason] ?? 0) + 1;
			}
			this.#look(); // not by the timer alone: who never leaves the microtasks lets none run
		}
	}
	#look(): void {
		const now = performance.now();
		const { warmMs, measureMs, most } = this.#options;
		if (this.#phase === "warming" && (now - this.#since >= warmMs || this.acknowledged.length >= most)) {
			this.#phase = "measuring";
			this.#since = this.clock.begun = now;
			this.#options.begun();
		} else if (this.#phase === "measuring" && (now - this.#since >= measureMs || this.latencies.length >= most)) {
			this.#phase = "over";
			this.clock.over = now;
			this.#options.over();
		}
	}
}

/** In a word or two, so that they can be counted. */
function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { code, type } = error as { code?: unknown; type?: unknown }; // of SQLite, of Moleculer
	if (typeof code === "string") return error.message.startsWith(code) ? error.message.slice(0, 80) : code;
	if (typeof type === "string") return type;
	return ["Error", "Refused"].includes(error.constructor.name) ? (error.message.split("\n")[0] ?? "").slice(0, 80) : error.constructor.name;
}

export const percentile = (sorted: readonly number[], share: number): number | null =>
	sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
