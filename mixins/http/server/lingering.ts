/** Lingering - ends a response while the body of its request may still be arriving. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Milliseconds for which the rest of an unread body is discarded. */
const LINGER = 1000;

export const hasBody = ({ headers }: IncomingMessage): boolean =>
	headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/**
 * Ends the response. If the body is still arriving, the connection has to be closed, but not at once: closing a socket with unread bytes
 * resets the connection, and the client may lose the response. So the rest is discarded for a moment first.
 */
export function endResponse(req: IncomingMessage, res: ServerResponse, text: string): void {
	if (req.complete || !hasBody(req)) return void res.end(text);
	res.write(text);
	const end = () => {
		clearTimeout(timer);
		res.end();
	};
	const timer = setTimeout(end, LINGER);
	req.once("end", end).once("close", end).resume();
}
