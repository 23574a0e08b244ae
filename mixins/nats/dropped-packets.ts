/** DroppedPackets - counts the packets that a node drops before anything reads them, and reports them: in the log at most once a minute. */

/** Why a packet is dropped, and how the log says it. */
const REASONS = {
	unopened: "did not open: the sender has another CLUSTER_KEY, or the packet was forged or damaged",
	replayed: "had arrived before, or was sent before this node started",
	unproven: "came from a process that did not answer, such as recordings of one that has ended",
} as const;
export type Reason = keyof typeof REASONS;

/** Before any packet was dropped, and on a node without NATS. */
export const NONE_DROPPED: Readonly<Record<Reason, number>> = { unopened: 0, replayed: 0, unproven: 0 };

/** Milliseconds between two lines in the log, and for which readiness mentions a dropped packet. */
const MINUTE = 60_000;
/** A name that can be printed; a packet that does not open may contain any bytes instead. */
const NAME = /^[\w.-]{1,64}$/;

interface Told {
	readonly at: number;
	readonly line: string;
}

export class DroppedPackets {
	readonly #clock: () => number;
	readonly #warn: (line: string) => void;
	readonly #counts: Record<Reason, number> = { ...NONE_DROPPED };
	#last: Told | null = null;
	#warnedAt = -Infinity;
	#warned = 0;

	/** `clock`: milliseconds of a monotonic clock. */
	constructor(clock: () => number, warn: (line: string) => void) {
		this.#clock = clock;
		this.#warn = warn;
	}
	/** Counters since the start of the process. */
	get counts(): Readonly<Record<Reason, number>> {
		return this.#counts;
	}
	/** `sender`: the name in the packet, which may be forged. */
	add(reason: Reason, sender: string): void {
		this.#counts[reason]++;
		const now = this.#clock();
		this.#last = { at: now, line: `${NAME.test(sender) ? `one that names ${sender} as its sender` : "one"} ${REASONS[reason]}` };
		if (now - this.#warnedAt < MINUTE) return;
		this.#warn(this.#text(this.#last, this.#total - this.#warned));
		this.#warnedAt = now;
		this.#warned = this.#total;
	}
	/** For readiness; null if no packet was dropped in the last minute. */
	get note(): string | null {
		return this.#last && this.#clock() - this.#last.at < MINUTE ? this.#text(this.#last, this.#total) : null;
	}

	get #total(): number {
		return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
	}
	#text({ line }: Told, count: number): string {
		return `${count === 1 ? "a packet was" : `${count} packets were`} dropped, the last: ${line}`;
	}
}
