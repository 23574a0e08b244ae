/** Credential - the digest of one bearer token, and the session or client that the token belongs to. Whether it is valid is decided there. */
import type { ServiceSchema } from "moleculer";
import { EventSourced } from "../../mixins/actors/event-sourced.ts";
import { aggregate, id, oneOf, type Unknown } from "../../model/index.ts";
import { KEEPER, PROCESS } from "../../model/index.ts";

// -- State: what it remembers ------------------------------------------------
type Credential = Unknown | { readonly status: "issued"; readonly of: CredentialFacts["credential.issued"] };

// -- Facts: stored permanently, so never renamed, extended with care ------------
export interface CredentialFacts {
	/** The token with this digest belongs to a session or a client. */
	"credential.issued": {
		kind: "session" | "client";
		/** Id of the session or client. */
		holder: string;
	};
}

const { ask, command, define, fact } = aggregate<Credential, CredentialFacts>();

// -- The model -------------------------------------------------------------------
/** A token can only be found by its digest, so the log holds no token. */
const digest = id(/^[A-Za-z0-9_-]{43}$/, "id: SHA-256 of the token in base64url");

export const credential = define({
	name: "credential",
	plural: "credentials",
	context: "identity",
	id: digest,
	statuses: { issued: "its token belongs to a session or client" },
	begins: ["credential.issued"],
	reads: KEEPER,
	commands: {
		/** Records whose token it is; sent before the session or client itself records the token. */
		issue: command(
			{ id: digest, kind: oneOf("session", "client"), holder: id() },
			{
				may: PROCESS,
				internal: true,
				allowedIn: ["unknown"],
				already: ({ of }, { kind, holder }) => of.kind === kind && of.holder === holder,
				decide: (_unknown, { kind, holder }) => [fact("credential.issued", { kind, holder })],
			},
		),
	},
	asks: {
		/** The session or client that the token belongs to. */
		holder: ask({ id: digest }, PROCESS, ({ of }) => of),
	},
	evolve: { "credential.issued": (_unknown, of) => ({ status: "issued", of }) },
});

export default { name: credential.name, mixins: [EventSourced(credential)] } satisfies ServiceSchema;
