/**
 * General codes - explains every code that belongs to no aggregate: its meaning, and the next step for the reader. A test compares this
 * list with the codes found in the code, in both directions.
 */
import type { RowFinding } from "../../mixins/read-models/row-check.ts";
import type { FindingCode } from "../../store/evidence/verify.ts";

export interface GeneralCode {
	readonly means: string;
	readonly then: string;
}

const AGAIN = "Send it again.";

export const GENERAL: Readonly<Record<string, GeneralCode>> = {
	// -- A request that cannot be accepted
	VALIDATION_ERROR: {
		means:
			"The content or a parameter is not valid; `errors` gives the expected and the actual value of each field, for at most twenty fields.",
		then: "Correct the fields.",
	},
	MALFORMED: {
		means: "The request cannot be read: no JSON, no UTF-8, JSON with more than 16 levels or 1000 values, an invalid header or path.",
		then: "Correct the request.",
	},
	HOST_NOT_ALLOWED: {
		means: "The `Host` of the request is not a name of this gateway. A web page may have pointed its own host name at it.",
		then: "Use `localhost`, HOST or the address of the gateway, or add the host name to ALLOWED_HOSTS.",
	},
	CROSS_SITE: {
		means: "A browser sent a command from a web page of another site (`Origin`, `Sec-Fetch-Site`, else `Referer`).",
		then: "Send commands from pages of the gateway's own origin, or from a client that is not a browser.",
	},
	METHOD_NOT_ALLOWED: {
		means: "The path does not support this method; `Allow` lists those it supports.",
		then: "See [routes](routes.md).",
	},
	NOT_FOUND: { means: "There is no such route.", then: "See [routes](routes.md)." },
	TOO_LARGE: {
		means: "More than 1 MiB of JSON, 16 MiB of CSV, or 64 KiB in one NDJSON line; between nodes, more than 64 MiB at once.",
		then: "Send less at once; NDJSON may have any number of lines.",
	},
	HEADERS_TOO_LARGE: { means: "The request line and the headers have more than 16 KiB.", then: "Send less." },
	TOO_SLOW: {
		means:
			"The request arrives too slowly: the headers took more than 20 s, JSON or CSV more than 120 s, or less than 1 KiB of the body arrived in 10 s of waiting.",
		then: "Send the request faster.",
	},
	ANSWER_TOO_LARGE: {
		means: "The answer has more than 64 MiB, the most that nodes send each other at once.",
		then: "Ask for less at once, e.g. with a smaller `pageSize`.",
	},
	UNSUPPORTED_MEDIA_TYPE: { means: "Another content type, charset or encoding than the route takes.", then: "See [routes](routes.md)." },
	IDEMPOTENCY_KEY_REUSED: {
		means: "The `Idempotency-Key` was used before on this actor, for a command with other content.",
		then: "Use a new key for a new command.",
	},
	VERSION_MISMATCH: {
		means: "`If-Match` names another version than the actor has: another command was faster.",
		then: "Read it again, and decide again.",
	},
	TOO_MANY_REQUESTS: { means: "More requests than a limit allows; there is none unless one is set.", then: "Slow down." },
	METRICS_OFF: { means: "This node offers no metrics.", then: "Start it with `METRICS=on`." },
	// -- Lines of an import
	LINE_MALFORMED: {
		means: "A line of the file cannot be read: a quote that is not closed, more or fewer fields than the header.",
		then: "Correct the line; the others were imported.",
	},
	RADAR_TYPE_UNKNOWN: {
		means: "The column `type` names no type of radar known here.",
		then: "Correct the line; the others were imported.",
	},
	// -- Operators
	VERSION_UNKNOWN: { means: "The actor has not reached the requested version.", then: "Request a lower one." },
	WORK_UNKNOWN: { means: "The process knows no piece of work with this id.", then: "List what is parked." },
	WORK_NOT_PARKED: { means: "Retry or drop of work that is not parked.", then: "Nothing: it is done or in progress." },
	CHECK_RUNNING: { means: "The rows of this read model or process are being checked on this node already.", then: "Wait until that ends." },
	REBUILD_RUNNING: { means: "The read model is being rebuilt on this node already.", then: "Wait until that ends." },
	NO_GENERATION_KEPT: { means: "There is no earlier generation of the read model to switch back to.", then: "Rebuild it." },
	// -- Failures that may end by themselves
	READ_MODEL_LAGGING: { means: "The read model has not reached the position of `X-Position` within five seconds.", then: "Read again." },
	CLOCK_NOT_MANUAL: {
		means: "The clock of the system is that of the machine, so it cannot be advanced.",
		then: "Start the system with `CLOCK=manual:<instant>` for training and tests.",
	},
	CLOCK_NOT_SYNCHRONIZED: {
		means: "A node of a system with a manual clock has just started, and does not know yet how far the clock was advanced.",
		then: "Retry after `Retry-After`.",
	},
	READ_MODEL_OUTDATED: {
		means: "The rows of the read model have other columns than this version needs, or come from another history than the log holds.",
		then: "Rebuild it: `es-rebuild <read model>`.",
	},
	STORE_UNAVAILABLE: { means: "The log or the rows could not be read or written; whether anything was written is not known.", then: AGAIN },
	SERVICE_UNAVAILABLE: { means: "No node offers the service now.", then: AGAIN },
	REQUEST_TIMEOUT: { means: "No answer in time; whether the command was carried out is not known.", then: AGAIN },
	CALLER_GONE: {
		means: "A command that waited too long for its caller was not decided; over HTTP it is a `REQUEST_TIMEOUT`.",
		then: AGAIN,
	},
	TOO_BUSY: {
		means:
			"Too many requests wait on this node, or a [limit of the gateway](../operations.md#limits-of-a-gateway) is reached: connections, live feeds, requests on one connection, or memory for bodies.",
		then: AGAIN,
	},
	NOT_STARTED: { means: "The service has not started yet.", then: AGAIN },
	STARTING: { means: "The node is still starting.", then: AGAIN },
	STOPPING: { means: "The node is stopping: it starts nothing new and interrupts long work (an import).", then: AGAIN },
	// -- Failures that need an operator
	INTERNAL_ERROR: { means: "A defect of the system; the log of the node has the details.", then: "Report it." },
	STREAM_UNREADABLE: {
		means: "The stored facts of this actor cannot be read: they were damaged, or written by a newer version.",
		then: "`es-verify` shows whether the log was changed.",
	},
	LOG_ALTERED: {
		means: "The log does not follow from its last signed head: it was changed from outside. The node signs nothing more.",
		then: "`es-verify` names the first commit that does not fit.",
	},
	BACKUP_REFUSED: {
		means:
			"The backup cannot be made there, or cannot be restored: the folder is not empty, the system still runs, or something was changed or truncated.",
		then: "Follow the message; nothing was changed.",
	},
	NO_KEYS: { means: "The node was started without the keys that sign and check heads.", then: "Use a node that has them." },
};

/** The code of parked work whose command was not refused but kept failing. */
export const PARKED = {
	code: "FAILED",
	means: "The command failed ten times for another reason than an unavailable service or store; the detail names it.",
} as const;

/** Findings of a verification, from the most to the least specific. */
export const FINDINGS: Readonly<Record<FindingCode | RowFinding["code"], string>> = {
	CHANGED_COMMIT: "Stream, version or body of the commit are not those that its hash was made from.",
	CHANGED_HASH: "The hash of the commit is not the hash of its content.",
	REORDERED_COMMIT: "The commit that belongs here is at another position.",
	MISSING_COMMIT: "There is no commit at this position, though there are later ones.",
	MISPLACED_COMMIT: "A commit has a position before the first one.",
	UNREADABLE_COMMIT: "The store cannot return the commit, or its body is not valid.",
	BROKEN_CHAIN: "The commit does not follow from the previous one, and nothing more specific is known.",
	WRONG_VERSION: "The chain is intact, but the stream had another number of facts.",
	TRUNCATED: "The log ends before a signed head: its end was removed.",
	UNSIGNED: "A signed head was kept outside the database, and the log holds no valid one any more.",
	REWRITTEN: "The chain is intact, but it is not the one that was signed.",
	UNKNOWN_KEY: "A head was signed with an unknown key; it proves nothing.",
	BAD_SIGNATURE: "The signature of a head is not valid; it proves nothing.",
	FOREIGN_CHECKPOINT:
		"The rows of a read model or process were made from another history: the log holds another commit at their checkpoint.",
	CHECKPOINT_BEYOND_LOG: "The rows of a read model or process were made from commits the log no longer holds.",
};
