/** Sessions - the logins of users; each user can read and end his or her own. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { type Instant, PROCESS, projection } from "../../model/index.ts";
import type { SessionFacts } from "./session.service.ts";

interface Row {
	readonly user: string;
	/** The epoch of the user at the login; the session is void in any later one. */
	readonly epoch: number;
	readonly status: "open" | "ended";
	readonly openedAt: Instant;
	/** Its last use, to the minute. */
	readonly usedAt: Instant;
	/** End of its lifetime. */
	readonly expiresAt: Instant;
}

export const sessions = projection<Row, SessionFacts>({
	name: "sessions",
	of: "session",
	may: PROCESS,
	follows: ["identity"],
	internal: true,
	on: {
		"session.opened": (_none, { user, epoch, from, until }) => ({
			user,
			epoch,
			status: "open",
			openedAt: from,
			usedAt: from,
			expiresAt: until,
		}),
		"session.used": (row, { at }) => row && { ...row, usedAt: at },
		"session.ended": (row) => row && { ...row, status: "ended" },
	},
	show: (row) => row,
	filters: ["user", "status"],
	values: { status: ["open", "ended"] },
	sorts: ["openedAt"],
	scattered: ["user"],
});

export default { name: sessions.name, mixins: [Projected(sessions)] } satisfies ServiceSchema;
