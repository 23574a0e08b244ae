/** CallerGone - the caller of a command gave up before the command was decided, so it was not decided. */
export class CallerGone extends Error {
	readonly code = "CALLER_GONE";
}
