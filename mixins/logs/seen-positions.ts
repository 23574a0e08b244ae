/** SeenPositions - checks the positions that a reader has seen (`X-Position`), so that one of another history is refused at once. */
import { parsePositions, type Positions, positionText } from "../../store/position.ts";
import { failureError, invalid } from "../common/errors.ts";
import type { Storage } from "./storage.ts";

const noPosition = (message: string, text: string): Error =>
	invalid([{ field: "X-Position", message, expected: "radar:0:1234, as in an answer", actual: text.slice(0, 100) }]);

/** The positions in a text; throws `invalid` if it contains none. */
export function seenPositions(text: string): Positions {
	const positions = parsePositions(text);
	if (!positions) throw noPosition("must be a position from an answer", text);
	return positions;
}

/** Throws `invalid` for the first of these positions that its log does not hold. */
export async function assertHeld(storage: Storage, positions: Positions): Promise<void> {
	for (const [partition, position] of Object.entries(positions)) {
		const held = await storage.holds(partition, position).catch((error: unknown) => Promise.reject(failureError(error)));
		if (!held) throw notHeld(positionText(partition, position));
	}
}
export const notHeld = (position: string): Error => noPosition("is a position the log does not hold", position);
