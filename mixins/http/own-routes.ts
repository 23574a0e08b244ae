/** OwnRoutes - the routes of the gateway itself, which belong to no action: the handler of each, and its description for the reference. */
import { KEEPER, type May, STAFF } from "../../model/access.ts";
import { ANYONE, EXAMINER, KNOWN } from "../access/may.ts";
import { advanceClock, readClock } from "./clock.ts";
import { endSession, foundAdministrator, listSessions, openSession, readMe } from "./sessions.ts";
import { alive, type Handler, live, metrics, ready } from "./handlers.ts";

interface OwnRoute {
	readonly handler: Handler;
	readonly may: May;
	readonly takes?: string;
	readonly answers: string;
	readonly means: string;
}
export const OWN_ROUTES: Readonly<Record<string, OwnRoute>> = {
	"GET /health/live": { handler: alive, may: ANYONE, answers: "`200` `{status}`", means: "The process runs." },
	"GET /health/ready": {
		handler: ready,
		may: ANYONE,
		answers: "`200` or `503` `{status, parts}`",
		means: "Whether every part is well, and the reason for each one that is not.",
	},
	"GET /metrics": {
		handler: metrics,
		may: EXAMINER,
		answers: "`200` Prometheus text; `404` if metrics are off",
		means: "The figures of this node ([metrics](metrics.md)).",
	},
	"GET /clock": {
		handler: readClock,
		may: KNOWN,
		answers: "`200` `{mode, now, due}`",
		means:
			"The time of the law. `mode`: `system` or `manual`; `now`: an instant; `due`: commits that are not in every read model and process yet, and commands that processes have not sent yet, on all nodes.",
	},
	"POST /clock/advance": {
		handler: advanceClock,
		may: { operator: "all", administrator: "all" },
		takes: "`to`: instant",
		answers: "`200` `{mode, now, due}`; `409` `CLOCK_NOT_MANUAL`, `CLOCK_BEHIND`",
		means: "Advances a manual clock (`CLOCK=manual:<instant>`) on all nodes.",
	},
	"POST /sessions": {
		handler: openSession,
		may: ANYONE,
		takes: "`login`, `password`: text",
		answers: "`201` `{token, expiresAt, user, roles}` and a cookie; `401` `UNAUTHENTICATED`; `429` `TOO_MANY_REQUESTS`",
		means:
			"Logs a user in. The token is valid until it is not used for SESSION_IDLE, until `expiresAt`, or until the user is suspended or gets other roles or another password.",
	},
	"GET /sessions": {
		handler: listSessions,
		may: KNOWN,
		answers: "`200` `{rows: [{id, openedAt, usedAt, expiresAt, current}]}`; `401`",
		means: "The caller's own sessions that are valid now, the latest first, at most 100.",
	},
	"DELETE /sessions/current": {
		handler: endSession,
		may: KNOWN,
		answers: "`204`; `401`",
		means: "Logs out: the token of the request is void.",
	},
	"DELETE /sessions/:id": {
		handler: endSession,
		may: KNOWN,
		answers: "`204`; `401`; `404` `SESSION_UNKNOWN`",
		means: "Ends one of the caller's own sessions.",
	},
	"GET /me": {
		handler: readMe,
		may: KNOWN,
		answers: "`200` `{kind, id, name, roles}`; `401`",
		means: "Whose token the request has. `kind`: `user` or `client`.",
	},
	"POST /first-administrator": {
		handler: foundAdministrator,
		may: ANYONE,
		takes: "`token`, `login`, `name`, `email`, `password`: text",
		answers: "`201` `{id}`; `401`",
		means:
			"Makes the first administrator, with the token that a single node prints at its start while there is none. The token works once, and only until the node stops.",
	},
	"GET /live": {
		handler: live,
		may: { ...STAFF, ...KEEPER },
		takes: "`types`: names of [facts](facts.md), separated by commas; header `Last-Event-ID`",
		answers: "`200` `text/event-stream`",
		means:
			"Every fact as it becomes visible, from now on or after the given event; an event's id is the position to resume from. The last event of a feed that cannot continue is `error` (`{code, detail}`; with `position` if a commit cannot be read: its id resumes after that commit).",
	},
};
