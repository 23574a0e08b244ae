/** Authenticating - the actions that find out who calls, and that open and end sessions. Their answers contain no token and no hash. */
import type { Context, Service, ServiceSchema } from "moleculer";
import { digest, email, id, rulesOf, text } from "../../model/index.ts";
import { PerService } from "../common/per-service.ts";
import { Attempts } from "./attempts.ts";
import { authenticate, type Identity } from "./authenticate.ts";
import { EXAMINER, NODE } from "../access/may.ts";
import { bootstrapWarning } from "./bootstrap.ts";
import { foundAdministrator, type Founding } from "./first-administrator.ts";
import { endSession, type OwnSession, sessionsOf, signIn, type SignedIn, type SignIn } from "./sessions.ts";

/** Any text: how long a password has to be is no concern of a login. Complaints do not repeat it. */
const anyPassword = {
	type: "any",
	custom(value: unknown, errors: object[]) {
		if (typeof value !== "string" || value === "" || value.length > 1000)
			errors.push({ type: "password", message: "must be a text", expected: "a text", actual: undefined });
		return value;
	},
};
const ofUser = rulesOf({ id: id() });
const loginName = { type: "string", min: 1, max: 200 } as const;
/** The failed logins that a service has counted. */
type Counting = (service: Service) => Attempts;

export const Authenticating = (): Partial<ServiceSchema> => {
	const counts = new PerService<Attempts>();
	return {
		metadata: { context: "identity" }, // one node counts the failed logins with a name: a call with an id has a place, like those of actors
		actions: { ...readActions, ...sessionActions((service) => counts.of(service)) },
		created(this: Service) {
			counts.set(this, new Attempts());
		},
	};
};

const readActions = {
	/** Whose a token is, with roles; a session is renewed by it. Refused with UNAUTHENTICATED unless the token is valid now. */
	authenticate: {
		may: NODE,
		params: { $$strict: true, ...rulesOf({ credential: digest() }) },
		handler: (ctx: Context<{ readonly credential: string }>): Promise<Identity> => authenticate(ctx, ctx.params.credential),
	},
	/** The valid sessions of one user. */
	sessions: {
		may: NODE,
		params: { $$strict: true, ...ofUser },
		handler: (ctx: Context<{ readonly id: string }, { position?: string }>): Promise<readonly OwnSession[]> =>
			sessionsOf(ctx, ctx.params.id),
	},
	/** Whether accounts can be read; warns while the client of BOOTSTRAP_TOKEN can be used. */
	health: {
		may: { ...EXAMINER, ...NODE },
		async handler(this: Service) {
			const note = await bootstrapWarning(this.broker);
			return { name: this.name, ready: true, ...(note === null ? {} : { note }) };
		},
	},
};

const sessionActions = (countOf: Counting) => ({
	/** Opens a session for a login name (`id`) and its password, with a token of which only the digest is sent. */
	signIn: {
		may: NODE,
		params: { $$strict: true, id: loginName, password: anyPassword, ...rulesOf({ credential: digest() }) },
		handler(this: Service, ctx: Context<SignIn>): Promise<SignedIn> {
			return signIn(ctx, countOf(this));
		},
	},
	/** Ends a session of one user (`id`). */
	endSession: {
		may: NODE,
		params: { $$strict: true, ...ofUser, session: { type: "string", min: 1, max: 300 } },
		handler: (ctx: Context<{ readonly id: string; readonly session: string }>): Promise<{ readonly position: string }> =>
			endSession(ctx, ctx.params.id, ctx.params.session),
	},
	/** Makes the first administrator, with the token of the invitation that this process has printed. */
	foundAdministrator: {
		may: NODE,
		params: { $$strict: true, ...rulesOf({ credential: digest(), name: text(), email: email() }), login: loginName, password: anyPassword },
		handler: (ctx: Context<Founding>) => foundAdministrator(ctx),
	},
});
