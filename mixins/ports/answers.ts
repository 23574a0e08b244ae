/** Answers - how a port answers, and how its calls look to the caller. */

/** `unsent`: certainly not done, because the port is away or busy. `unclear`: done or not done. */
export type PortAnswer =
	| { readonly receipt: string }
	| { readonly refused: { readonly code: string; readonly detail: string } }
	| { readonly unsent: string }
	| { readonly unclear: string };

/** A port as its caller sees it; none of the calls rejects, except `find`. */
export interface PortCalls {
	/** Whether the port expects calls to succeed now. */
	ready(): Promise<boolean>;
	perform(key: string, request: unknown): Promise<PortAnswer>;
	/** The work done under a key, or null. */
	find(key: string): Promise<{ readonly receipt: string } | null>;
	/** Milliseconds in which a call must begin after its attempt was first sent. */
	readonly claim: number;
	/** Milliseconds after which the call of an attempt, by whatever process, has certainly ended: `claim` and the longest call. */
	readonly settled: number;
}
