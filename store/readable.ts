/** Readable - the streams of a log that can be read, told apart from those that cannot: a damaged one holds up nobody else. */
import { type Commit, type LogPartition, StoreUnavailable } from "./log.ts";

/**
 * The commits of each stream, none for one that does not exist. Where a query fails although the log answers, each half of it is
 * tried, down to the streams it fails for. Rejects when the log itself cannot be read.
 */
export async function readable(
	log: LogPartition,
	names: readonly string[],
	failed: (stream: string, error: Error) => void,
): Promise<(readonly [string, readonly Commit[]])[]> {
	try {
		const found = await log.streams(names);
		return names.map((name) => [name, found.get(name) ?? []] as const);
	} catch (error) {
		await log.tail();
		const [only] = names;
		if (only !== undefined && names.length === 1) failed(only, new StoreUnavailable(`${only} cannot be read`, error));
		if (names.length < 2) return [];
		const half = Math.ceil(names.length / 2);
		const halves = [names.slice(0, half), names.slice(half)];
		return (await Promise.all(halves.map((part) => readable(log, part, failed)))).flat();
	}
}
