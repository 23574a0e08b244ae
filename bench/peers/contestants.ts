/** Contestants - who is measured, whether what they acknowledge is meant to last, and in which setting. */
import type { Contestant } from "./contestant.ts";

export interface Entry {
	readonly name: string;
	/** A file of contestants/. */
	readonly module: string;
	readonly durable: boolean;
	readonly mongo?: true;
	/** Measured without a read model only: what it does under load is seen there. */
	readonly bare?: true;
	/** Measured with several commands in flight only: with one it is the same as another. */
	readonly crowded?: true;
	readonly setting: string;
}

export const CONTESTANTS: readonly Entry[] = [
	{
		name: "vigie-sqlite",
		module: "vigie.ts",
		durable: true,
		setting: "as delivered: moleculer.config.ts, metrics on, commits chained and signed; WAL, synchronous=FULL, group commit",
	},
	{
		name: "emmett-sqlite",
		module: "emmett-sqlite.ts",
		durable: true,
		bare: true,
		setting: "as documented: a file name, so a connection for each operation; WAL, synchronous=FULL, waits 1 s where busy",
	},
	{
		name: "emmett-sqlite-shared",
		module: "emmett-sqlite.ts",
		durable: true,
		bare: true,
		crowded: true,
		setting: "its own option of one connection for all (singleton); WAL, synchronous=FULL",
	},
	{
		name: "emmett-sqlite-queued",
		module: "emmett-sqlite.ts",
		durable: true,
		setting: "the same connection, and a queue of ours before it, one command at a time; WAL, synchronous=FULL",
	},
	{ name: "emmett-memory", module: "emmett-memory.ts", durable: false, setting: "in memory; gone with the process" },
	{ name: "castore-memory", module: "castore-memory.ts", durable: false, setting: "in memory; gone with the process" },
	{
		name: "vigie-mongodb",
		module: "vigie.ts",
		durable: true,
		mongo: true,
		setting: "as delivered: w=majority, j=true, 16 partitions, group commit in each",
	},
	{
		name: "emmett-mongodb",
		module: "emmett-mongodb.ts",
		durable: true,
		mongo: true,
		setting: "w=majority, j=true; a document a stream, projection inline in it",
	},
];

export function entryOf(name: string): Entry {
	const found = CONTESTANTS.find((entry) => entry.name === name);
	if (!found) throw new Error(`there is no contestant ${name}, only ${CONTESTANTS.map((entry) => entry.name).join(", ")}`);
	return found;
}
/** Whether this contestant is measured at this kind of work. */
export const fits = (
	{ bare, crowded }: Entry,
	{ projection, inFlight }: { readonly projection: boolean; readonly inFlight: number },
): boolean => !(bare && projection) && !(crowded && inFlight === 1);
/** Only its own module: nobody's heap holds another's code. */
export const load = async (name: string): Promise<Contestant> => (await import(`./contestants/${entryOf(name).module}`)) as Contestant;
