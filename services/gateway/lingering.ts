/** Lingering - how an answer ends while the content of its request is still on its way. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Milliseconds for which what still comes of a content nobody reads is thrown away. */
const LINGER = 1000;

export const hasBody = ({ headers }: IncomingMessage): boolean =>
	headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/**
 * Ends an answer. Where the content is still on its way, the connection has to end with it; what comes is thrown away for a moment, for a
 * client of a connection that is closed on unread bytes may lose the answer too.
 */
export function endAnswer(req: IncomingMessage, res: ServerResponse, text: string): void {
	if (req.complete || !hasBody(req)) return void res.end(text);
	res.write(text);
	const end = () => {
		clearTimeout(patience);
		res.end();
	};
	const patience = setTimeout(end, LINGER);
	req.once("end", end).once("close", end).resume();
}
