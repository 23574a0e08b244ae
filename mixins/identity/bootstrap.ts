/**
 * Bootstrap - clients that the nodes establish at their start: that of BOOTSTRAP_TOKEN, for automation of a system that has no users yet, and
 * that of the command line on the same machine. The second node changes nothing. Each lasts until it is revoked.
 */
import type { ServiceBroker } from "moleculer";
import { isOutage } from "../common/errors.ts";
import { newId } from "../common/ids.ts";
import { nodeTimers } from "../common/timers.ts";
import { staffRoles } from "../../model/access.ts";
import { callItself } from "./itself.ts";
import { known } from "./known.ts";

/** Id of the client of BOOTSTRAP_TOKEN. */
export const BOOTSTRAP = "bootstrap";
/** Id of the client of the command line. */
export const COMMAND_LINE = "command-line";
/** Milliseconds between two attempts, and until the first warning. */
const AGAIN = 250;
const WARN_AFTER = 5000;

/** Establishes a client with all roles of people. Tries again while a service or the store is unavailable, and while the node runs. */
export async function establish(broker: ServiceBroker, id: string, name: string, digest: string): Promise<void> {
	const commands = [
		["credential.issue", { id: digest, kind: "client", holder: id }],
		["client.establish", { id, name, roles: staffRoles, digest }],
	] as const;
	for (const [command, params] of commands) await insist(broker, id, command, params);
}

async function insist(broker: ServiceBroker, id: string, command: string, params: object): Promise<void> {
	const meta = { commandId: newId() };
	const begun = performance.now();
	for (let warned = false; broker.started; await nodeTimers.wait(AGAIN)) {
		try {
			await callItself(broker, command, params, meta);
			return;
		} catch (error) {
			if (!isOutage(error)) throw error;
			if (warned || performance.now() - begun < WARN_AFTER) continue;
			broker.logger.warn(`The client ${id} is not established yet, because its log cannot be written`);
			warned = true;
		}
	}
}

/** A warning while the client can be used; null if there is none. */
export async function bootstrapWarning(broker: ServiceBroker): Promise<string | null> {
	const account = await known<{ readonly status: string }>(broker, "client.account", BOOTSTRAP);
	return account?.status === "active" ? "the client bootstrap has nearly all roles: revoke it when users and clients are registered" : null;
}
