/** CallerGone - the caller of a command gave up before the command was decided, so it was not decided. */
import { CODES } from "./codes.ts";
export class CallerGone extends Error {
	readonly code = CODES.CALLER_GONE.name;
}
