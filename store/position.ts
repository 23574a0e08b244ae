/** Position - the text form of positions in the API: `radar:0:1234`, several separated by commas. Clients treat it as opaque. */

/** Position by partition name (`radar:0`). */
export type Positions = Readonly<Record<string, number>>;

export const positionText = (partition: string, position: number): string => `${partition}:${position}`;
export const positionsText = (positions: Positions): string =>
	Object.entries(positions)
		.map(([partition, position]) => positionText(partition, position))
		.join(",");

/** Null if the text is not a list of positions. */
export function parsePositions(text: string): Positions | null {
	const positions: Record<string, number> = {};
	for (const part of text.split(",")) {
		const found = /^\s*([a-z][a-z-]{0,63}:\d{1,4}):(\d{1,15})(?:\.\d{1,4})?\s*$/.exec(part);
		if (!found?.[1] || !found[2]) return null;
		positions[found[1]] = Math.max(positions[found[1]] ?? 0, Number(found[2]));
	}
	return positions;
}

/** The partition of a stream, by its 32-bit FNV-1a hash. It must never change: nodes and stored logs depend on it. */
export function partitionOf(stream: string, partitions: number): number {
	if (partitions === 1) return 0;
	let hash = 0x811c9dc5;
	for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
	return (hash >>> 0) % partitions;
}
