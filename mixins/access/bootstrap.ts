/**
 * Bootstrap - the client of BOOTSTRAP_TOKEN, for automation of a system that has no users yet. Every node that has the token and decides
 * commands of identity establishes it at its start; the second one changes nothing. It lasts until it is revoked.
 */
import type { ServiceBroker } from "moleculer";
import { isOutage } from "../common/errors.ts";
import { newId } from "../common/ids.ts";
import { nodeTimers } from "../common/timers.ts";
import { staffRoles } from "../../model/roles.ts";
import { known } from "./known.ts";
import { accessOf } from "./settings.ts";

/** Id of the client. */
const BOOTSTRAP = "bootstrap";
/** Sender of the commands of this context itself. */
export const ITSELF = "process:identity";
/** Milliseconds between two attempts, and until the first warning. */
const AGAIN = 250;
const WARN_AFTER = 5000;

/** Establishes the client, if this node has a token. Tries again while a service or the store is unavailable, and while the node runs. */
export async function establishBootstrap(broker: ServiceBroker): Promise<void> {
	const { bootstrap: digest } = accessOf(broker);
	if (digest === null) return;
	const commands = [
		["credential.issue", { id: digest, kind: "client", holder: BOOTSTRAP }],
		["client.establish", { id: BOOTSTRAP, name: "Bootstrap", roles: staffRoles, digest }],
	] as const;
	for (const [command, params] of commands) await insist(broker, command, params);
}

async function insist(broker: ServiceBroker, command: string, params: object): Promise<void> {
	const meta = { by: ITSELF, commandId: newId() };
	const begun = performance.now();
	for (let warned = false; broker.started; await nodeTimers.wait(AGAIN)) {
		try {
			await broker.call<unknown, object>(command, params, { meta });
			return;
		} catch (error) {
			if (!isOutage(error)) throw error;
			if (warned || performance.now() - begun < WARN_AFTER) continue;
			broker.logger.warn("BOOTSTRAP_TOKEN: the client bootstrap is not established yet, because its log cannot be written");
			warned = true;
		}
	}
}

/** A warning while the client can be used; null if there is none. */
export async function bootstrapWarning(broker: ServiceBroker): Promise<string | null> {
	const account = await known<{ readonly status: string }>(broker, "client.account", BOOTSTRAP);
	return account?.status === "active" ? "the client bootstrap has nearly all roles: revoke it when users and clients are registered" : null;
}
