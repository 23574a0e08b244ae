/** Connecting - how a node connects to NATS: intervals, timeouts, and which errors a retry cannot repair. */
import { type ConnectionOptions, ErrorCode } from "nats";

/** Interval between two attempts to connect, in milliseconds. */
export const RETRY_EVERY = 250;
/** Timeout of an attempt, and interval of the client's own pings, in milliseconds. */
const CONNECT_TIMEOUT = 3000;
const PING_EVERY = 2000;
/** Errors of the configuration, for which a retry does not help. */
const PERMANENT = /^(AUTHORIZATION_VIOLATION|SERVER_OPT_NA|TLS)$|CERT|SELF_SIGNED|VERIFY|SSL/;

/** The server rejects this node, or fails its checks. */
export class NatsRejected extends Error {}

export const lasting = (options: ConnectionOptions): ConnectionOptions => ({
	...options,
	timeout: CONNECT_TIMEOUT,
	pingInterval: PING_EVERY,
	reconnectTimeWait: RETRY_EVERY,
	reconnectJitterTLS: 100,
	maxReconnectAttempts: -1,
	ignoreAuthErrorAbort: true, // credentials may be corrected while it retries
});

/** Why an attempt failed; throws NatsRejected if a retry does not help. */
export function reasonOf(error: unknown): string {
	const { code = "", message } = error as { readonly code?: string; readonly message: string }; // of the client, or of Node
	const reason = code === ErrorCode.ServerOptionNotAvailable ? "the server offers no encryption" : message.replace(/;.*/s, "");
	if (PERMANENT.test(code)) throw new NatsRejected(reason);
	return reason;
}
