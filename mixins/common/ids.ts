/** Ids - creates new ids, which sort by time, and derives ids from names: the same name has the same id. */
import { randomFillSync } from "node:crypto";
import { v5, v7 } from "uuid";

const NAMESPACE = "b8a1a1f4-0c2e-5d6b-9a57-6e1f0b6f2d11";
/** Random bytes of one id. They are drawn for 256 ids at a time, because a draw costs as much as the rest of an id. */
const RANDOM = 16;
const drawn = Buffer.alloc(256 * RANDOM);
let used = drawn.length;
/** Time of the last id in milliseconds, and its number within that millisecond, so that ids always ascend. */
let [msecs, seq] = [0, 0];

/** UUID version 7 (RFC 9562). */
export function newId(): string {
	if (used === drawn.length) {
		randomFillSync(drawn);
		used = 0;
	}
	const random = drawn.subarray(used, (used += RANDOM));
	const now = Date.now();
	if (now > msecs) [msecs, seq] = [now, random.readUInt32BE() >>> 1];
	else if ((seq = (seq + 1) >>> 0) === 0) msecs++;
	return v7({ random, msecs, seq });
}
export const derivedId = (name: string): string => v5(name, NAMESPACE);
