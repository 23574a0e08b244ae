/**
 * General codes - the part of the catalog that belongs to no model: requests, operators, store and cluster. Services declare their own codes,
 * and a model those of its actors (model/actor-codes.ts). A code has its status only here.
 */
import { COMMON_CODES } from "../../model/actor-codes.ts";
import { codes } from "../../model/codes.ts";

const AGAIN = "Send it again.";

export const CODES = {
	...COMMON_CODES,
	...codes({
		// -- A request that cannot be accepted
		VALIDATION_ERROR: {
			status: 422,
			means:
				"The content or a parameter is not valid; `errors` gives the expected and the actual value of each field, for at most twenty fields.",
			then: "Correct the fields.",
		},
		MALFORMED: {
			status: 400,
			means: "The request cannot be read: no JSON, no UTF-8, JSON with more than 16 levels or 1000 values, an invalid header or path.",
			then: "Correct the request.",
		},
		UNAUTHENTICATED: {
			status: 401,
			means:
				"The request has no valid credentials: no token, or one that is unknown, expired, ended, revoked, or of a suspended user. The answer does not say which.",
			then: "Log in (`POST /api/sessions`), or send the secret of a client as `Authorization: Bearer`.",
		},
		HOST_NOT_ALLOWED: {
			status: 421,
			means: "The `Host` of the request is not a name of this gateway. A web page may have pointed its own host name at it.",
			then: "Use `localhost`, HOST or the address of the gateway, or add the host name to ALLOWED_HOSTS.",
		},
		CROSS_SITE: {
			status: 403,
			means:
				"A browser sent a command from a web page of another site (`Origin`, `Sec-Fetch-Site`, else `Referer`); or a command with the cookie of a session did not come from a page of the gateway's own origin.",
			then: "Send commands from pages of the gateway's own origin, or from a client that is not a browser.",
		},
		FORBIDDEN: {
			status: 403,
			means: "The caller has none of the roles that the action takes; the detail names them.",
			then: "Ask an administrator for the role.",
		},
		PASSPORT_UNREADABLE: { status: 503, means: "A node got a call from another one that it does not know yet.", then: AGAIN },
		METHOD_NOT_ALLOWED: {
			status: 405,
			means: "The path does not support this method; `Allow` lists those it supports.",
			then: "See [routes](routes.md).",
		},
		NOT_FOUND: { status: 404, means: "There is no such route.", then: "See [routes](routes.md)." },
		TOO_LARGE: {
			status: 413,
			means: "More than 1 MiB of JSON, 16 MiB of CSV, or 64 KiB in one NDJSON line; between nodes, more than 64 MiB at once.",
			then: "Send less at once; NDJSON may have any number of lines.",
		},
		HEADERS_TOO_LARGE: { status: 431, means: "The request line and the headers have more than 16 KiB.", then: "Send less." },
		TOO_SLOW: {
			status: 408,
			means:
				"The request arrives too slowly: the headers took more than 20 s, JSON or CSV more than 120 s, or less than 1 KiB of the body arrived in 10 s of waiting.",
			then: "Send the request faster.",
		},
		ANSWER_TOO_LARGE: {
			status: 422,
			means: "The answer has more than 64 MiB, the most that nodes send each other at once.",
			then: "Ask for less at once, e.g. with a smaller `pageSize`.",
		},
		UNSUPPORTED_MEDIA_TYPE: {
			status: 415,
			means: "Another content type, charset or encoding than the route takes.",
			then: "See [routes](routes.md).",
		},
		IDEMPOTENCY_KEY_REUSED: {
			status: 422,
			means: "The `Idempotency-Key` was used before on this actor, for a command with other content.",
			then: "Use a new key for a new command.",
		},
		TOO_MANY_REQUESTS: {
			status: 429,
			means:
				"The client sends more requests a second than RATE_REQUESTS allows, or has a quarter of all live feeds, or more than ten logins with one name have failed. `Retry-After` names the seconds to wait.",
			then: "Wait, then send it again; send many detections as NDJSON in one request.",
		},
		METRICS_OFF: { status: 404, means: "This node offers no metrics.", then: "Start it with `METRICS=on`." },
		// -- Operators
		VERSION_UNKNOWN: { status: 404, means: "The actor has not reached the requested version.", then: "Request a lower one." },
		WORK_UNKNOWN: { status: 404, means: "The process knows no piece of work with this id.", then: "List what is parked." },
		WORK_NOT_PARKED: { status: 409, means: "Retry or drop of work that is not parked.", then: "Nothing: it is done or in progress." },
		CHECK_RUNNING: {
			status: 409,
			means: "The rows of this read model or process are being checked on this node already.",
			then: "Wait until that ends.",
		},
		REBUILD_RUNNING: { status: 409, means: "The read model is being rebuilt on this node already.", then: "Wait until that ends." },
		NO_GENERATION_KEPT: { status: 409, means: "There is no earlier generation of the read model to switch back to.", then: "Rebuild it." },
		// -- Failures that may end by themselves
		READ_MODEL_LAGGING: {
			status: 503,
			means: "The read model has not reached the position of `X-Position` within five seconds.",
			then: "Read again.",
		},
		CLOCK_NOT_MANUAL: {
			status: 409,
			means: "The clock of the system is that of the machine, so it cannot be advanced.",
			then: "Start the system with `CLOCK=manual:<instant>` for training and tests.",
		},
		CLOCK_NOT_SYNCHRONIZED: {
			status: 503,
			means: "A node of a system with a manual clock has just started, and does not know yet how far the clock was advanced.",
			then: "Retry after `Retry-After`.",
		},
		READ_MODEL_OUTDATED: {
			status: 503,
			means: "The rows of the read model have other columns than this version needs, or come from another history than the log holds.",
			then: "Rebuild it: `es-rebuild <read model>`.",
		},
		STORE_UNAVAILABLE: {
			status: 503,
			means: "The log or the rows could not be read or written; whether anything was written is not known.",
			then: AGAIN,
		},
		SERVICE_UNAVAILABLE: { status: 503, means: "No node offers the service now.", then: AGAIN },
		REQUEST_TIMEOUT: { status: 503, means: "No answer in time; whether the command was carried out is not known.", then: AGAIN },
		CALLER_GONE: {
			status: 503,
			means: "A command that waited too long for its caller was not decided; over HTTP it is a `REQUEST_TIMEOUT`.",
			then: AGAIN,
		},
		TOO_BUSY: {
			status: 503,
			means:
				"Too many requests wait on this node, or a [limit of the gateway](../operations.md#limits-of-a-gateway) is reached: connections, live feeds, requests on one connection, or memory for bodies.",
			then: AGAIN,
		},
		NOT_STARTED: { status: 503, means: "The service has not started yet.", then: AGAIN },
		STARTING: { status: 503, means: "The node is still starting.", then: AGAIN },
		STOPPING: { status: 503, means: "The node is stopping: it starts nothing new and interrupts long work (an import).", then: AGAIN },
		// -- Failures that need an operator
		INTERNAL_ERROR: { status: 500, means: "A defect of the system; the log of the node has the details.", then: "Report it." },
		STREAM_UNREADABLE: {
			status: 500,
			means: "The stored facts of this actor cannot be read: they were damaged, or written by a newer version.",
			then: "`es-verify` shows whether the log was changed.",
		},
		LOG_ALTERED: {
			status: 500,
			means: "The log does not follow from its last signed head: it was changed from outside. The node signs nothing more.",
			then: "`es-verify` names the first commit that does not fit.",
		},
		BACKUP_REFUSED: {
			status: 409,
			means:
				"The backup cannot be made there, or cannot be restored: the folder is not empty, the system still runs, or something was changed or truncated.",
			then: "Follow the message; nothing was changed.",
		},
		NO_KEYS: { status: 500, means: "The node was started without the keys that sign and check heads.", then: "Use a node that has them." },
	}),
} as const;

/** The code of parked work whose command was not refused but kept failing; it is in no answer, so it has no status. */
export const PARKED = {
	name: "FAILED",
	means: "The command failed ten times for another reason than an unavailable service or store; the detail names it.",
} as const;
