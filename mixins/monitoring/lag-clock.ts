/**
 * LagClock - measures how long the oldest commit that a follower has not processed has been waiting. The instant in the commit is compared
 * with the wall clock only once; after that a monotonic clock is used, so that correcting the wall clock neither hides nor creates lag.
 */
export interface Clocks {
	/** Milliseconds since 1970. */
	readonly wall: number;
	/** Milliseconds of a monotonic clock. */
	readonly steady: number;
}
interface Seen {
	readonly position: number;
	readonly since: number;
	/** Milliseconds that the commit had waited when it was first seen; null until its instant is read. */
	readonly before: number | null;
}

export class LagClock {
	#seen = new Map<string, Seen>();
	#next = new Map<string, Seen>();

	/** `position`: processed up to here, and there are more commits; `at`: the instant of the next commit, null if it cannot be read. */
	seconds(follower: string, position: number, at: string | null, { wall, steady }: Clocks): number {
		const known = this.#seen.get(follower);
		const seen = known?.position === position ? known : { position, since: steady, before: null };
		const gone = steady - seen.since;
		const before = seen.before ?? (at === null ? null : Math.max(0, wall - Date.parse(at) - gone));
		this.#next.set(follower, { ...seen, before });
		return ((before ?? 0) + gone) / 1000;
	}

	/** Ends a scrape: forgets followers that were not measured in it. */
	turn(): void {
		this.#seen = this.#next;
		this.#next = new Map();
	}
}
