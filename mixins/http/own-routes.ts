/** OwnRoutes - the routes of the gateway itself, which belong to no action: the handler of each, and its description for the reference. */
import { KEEPER, type May, STAFF } from "../../model/access.ts";
import { ANYONE, EXAMINER } from "../access/may.ts";
import { advanceClock, readClock } from "./clock.ts";
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
		may: { ...STAFF, administrator: "all", metrologist: "all", cashier: "all" },
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
	"GET /live": {
		handler: live,
		may: { ...STAFF, ...KEEPER },
		takes: "`types`: names of [facts](facts.md), separated by commas; header `Last-Event-ID`",
		answers: "`200` `text/event-stream`",
		means:
			"Every fact as it becomes visible, from now on or after the given event; an event's id is the position to resume from. The last event of a feed that cannot continue is `error` (`{code, detail}`; with `position` if a commit cannot be read: its id resumes after that commit).",
	},
};
