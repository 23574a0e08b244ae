/**
 * General codes - what every code that belongs to no aggregate means, and what its reader does about it. Which there are is found
 * in the code; a test compares both ways.
 */
import type { RowFinding } from "../../mixins/read-models/row-check.ts";
import type { FindingCode } from "../../store/evidence/verify.ts";

export interface GeneralCode {
	readonly means: string;
	readonly then: string;
}

const AGAIN = "Send it again.";

export const GENERAL: Readonly<Record<string, GeneralCode>> = {
	// -- A request that cannot be taken as it is
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
		means: "What was asked for has more than the 64 MiB nodes send each other at once.",
		then: "Ask for less at once, e.g. with a smaller `pageSize`.",
	},
	UNSUPPORTED_MEDIA_TYPE: { means: "Another content type, charset or encoding than the route takes.", then: "See [routes](routes.md)." },
	IDEMPOTENCY_KEY_REUSED: {
		means: "The `Idempotency-Key` was used on this actor for a command with other content.",
		then: "Take a new key for a new command.",
	},
	VERSION_MISMATCH: {
		means: "`If-Match` names another version than the actor has: somebody was faster.",
		then: "Read it again, and decide again.",
	},
	TOO_MANY_REQUESTS: { means: "More requests than a limit allows; there is none unless one is set.", then: "Slow down." },
	METRICS_OFF: { means: "This node shows no metrics.", then: "Start it with `METRICS=on`." },
	// -- Lines of an import
	LINE_MALFORMED: {
		means: "A line of the file cannot be read: a quote that is not closed, more or fewer fields than the header.",
		then: "Correct the line; the others were taken.",
	},
	RADAR_TYPE_UNKNOWN: { means: "The column `type` names no type of radar known here.", then: "Correct the line; the others were taken." },
	// -- Those who run the system
	VERSION_UNKNOWN: { means: "An actor was asked for as of a version it has not reached.", then: "Ask for a lower one." },
	WORK_UNKNOWN: { means: "The process knows no piece of work with this id.", then: "List what is parked." },
	WORK_NOT_PARKED: { means: "Retry or drop of work that is not parked.", then: "Nothing: it is done, or on its way." },
	CHECK_RUNNING: {
		means: "The rows of this read model or process are being checked on this node already.",
		then: "Wait until that is over.",
	},
	REBUILD_RUNNING: { means: "The read model is being rebuilt on this node already.", then: "Wait until that is over." },
	NO_GENERATION_KEPT: { means: "There is no earlier generation of the read model to go back to.", then: "Rebuild it." },
	// -- What may pass
	READ_MODEL_LAGGING: { means: "The read model has not reached the position of `X-Position` within five seconds.", then: "Read again." },
	READ_MODEL_OUTDATED: {
		means:
			"The rows of the read model were made for other columns than this version of it has, or from another history than the log holds.",
		then: "Rebuild it: `es-rebuild <read model>`.",
	},
	STORE_UNAVAILABLE: { means: "The log or the rows could not be read or written; nothing is known to have been done.", then: AGAIN },
	SERVICE_UNAVAILABLE: { means: "No node offers the service now.", then: AGAIN },
	REQUEST_TIMEOUT: { means: "No answer in time; whether it was done is not known.", then: AGAIN },
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
	STARTING: { means: "The node is not up yet.", then: AGAIN },
	STOPPING: { means: "The node is stopping: it starts nothing new, and ends what would take too long (an import).", then: AGAIN },
	// -- What does not pass by itself
	INTERNAL_ERROR: { means: "A defect of the system; the node's log has it.", then: "Report it." },
	STREAM_UNREADABLE: {
		means: "What is stored of this actor cannot be understood: it was damaged, or written by a newer version.",
		then: "`es-verify` tells whether the log was changed.",
	},
	LOG_ALTERED: {
		means: "The log does not follow from the head that was signed last: it was changed from outside. Nothing more is signed.",
		then: "`es-verify` names the first commit that does not fit.",
	},
	BACKUP_REFUSED: {
		means:
			"A backup cannot be made there, or is none that can be restored: the folder is not empty, the system still runs, something was changed or cut off.",
		then: "Do what the line says; nothing was changed.",
	},
	NO_KEYS: { means: "The node was started without keys to sign and check heads with.", then: "Ask a node that has them." },
};

/** The code of parked work whose command was not refused but kept failing. */
export const PARKED = {
	code: "FAILED",
	means: "The command failed ten times for another reason than a service or a store that was away; the detail says how.",
} as const;

/** What a verification finds, from the most telling down. */
export const FINDINGS: Readonly<Record<FindingCode | RowFinding["code"], string>> = {
	CHANGED_COMMIT: "Stream, version or body of the commit are not what its hash was made of.",
	CHANGED_HASH: "The hash of the commit is not that of its content.",
	REORDERED_COMMIT: "The commit that belongs here stands elsewhere.",
	MISSING_COMMIT: "There is no commit at this position, though there are later ones.",
	MISPLACED_COMMIT: "A commit stands before the first position.",
	UNREADABLE_COMMIT: "The store cannot give the commit, or its body is none.",
	BROKEN_CHAIN: "The commit does not follow from the one before it, and nothing better can be told.",
	WRONG_VERSION: "The chain is whole, but the stream held another number of facts.",
	TRUNCATED: "The log ends before a signed head: its end was cut off.",
	UNSIGNED: "A signed head was kept outside the database, and the log holds no valid one any more.",
	REWRITTEN: "The chain is whole, but it is not the one that was signed.",
	UNKNOWN_KEY: "A head was signed with a key that is not known here; it proves nothing.",
	BAD_SIGNATURE: "The signature of a head does not fit it; it proves nothing.",
	FOREIGN_CHECKPOINT: "The rows of a read model or process were made from another history: the log holds another commit where they stand.",
	CHECKPOINT_BEYOND_LOG: "The rows of a read model or process were made from commits the log does not hold any more.",
};
