/** Authenticating - the actions that find out who calls, and open and end sessions. */
import type { Context, Service, ServiceSchema } from "moleculer";
import { authenticate, type Identity } from "./authenticate.ts";
import { EXAMINER, NODE } from "../access/may.ts";
import { bootstrapWarning } from "./bootstrap.ts";

/** Digest of a token in base64url. */
const credential = { type: "string", pattern: /^[A-Za-z0-9_-]{43}$/ } as const;

export const Authenticating = (): Partial<ServiceSchema> => ({
	actions: {
		/** Whose a token is, with roles; a session is renewed by it. Refused with UNAUTHENTICATED unless the token is valid now. */
		authenticate: {
			may: NODE,
			params: { $$strict: true, credential },
			handler: (ctx: Context<{ readonly credential: string }>): Promise<Identity> => authenticate(ctx, ctx.params.credential),
		},
		/** Whether accounts can be read; warns while the client of BOOTSTRAP_TOKEN can be used. */
		health: {
			may: { ...EXAMINER, ...NODE },
			async handler(this: Service) {
				const note = await bootstrapWarning(this.broker);
				return { name: this.name, ready: true, ...(note === null ? {} : { note }) };
			},
		},
	},
});
