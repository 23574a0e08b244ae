/**
 * Waiting - how long the oldest commit a follower has not taken has been waiting. Its own instant tells when it came, once; from
 * then on a clock goes that is never set back, so that a machine whose time is corrected neither hides a lag nor invents one.
 */
export interface Clocks {
	/** Milliseconds since 1970. */
	readonly wall: number;
	/** Milliseconds, never set back. */
	readonly steady: number;
}
interface Seen {
	readonly position: number;
	readonly since: number;
	/** Milliseconds it had waited when it was first seen; null while that could not be read. */
	readonly before: number | null;
}

export class Waiting {
	#seen = new Map<string, Seen>();
	#next = new Map<string, Seen>();

	/** `position`: taken up to here, and there is more; `at`: the instant of the commit after it, null if it cannot be read. */
	seconds(follower: string, position: number, at: string | null, { wall, steady }: Clocks): number {
		const known = this.#seen.get(follower);
		const seen = known?.position === position ? known : { position, since: steady, before: null };
		const gone = steady - seen.since;
		const before = seen.before ?? (at === null ? null : Math.max(0, wall - Date.parse(at) - gone));
		this.#next.set(follower, { ...seen, before });
		return ((before ?? 0) + gone) / 1000;
	}

	/** Everyone was asked for: who waits for nothing is forgotten. */
	turn(): void {
		this.#seen = this.#next;
		this.#next = new Map();
	}
}
