/**
 * Installations - keeps the nodes of two installations apart on one NATS: the installation ID is a token of every subject, so that a node
 * receives no packet of another installation. A node with a store reads the ID from it and sends it to nodes without one.
 */
import { type NatsConnection, RequestStrategy } from "nats";

/** Milliseconds that a node waits for answers of other nodes. */
const ANSWERS_WITHIN = 500;
const ID = /^[\w-]{1,64}$/;

export const isInstallationId = (text: string): boolean => ID.test(text);

/** Several installations use the same NATS, and INSTALLATION does not select one. */
export class InstallationUnclear extends Error {
	constructor(found: readonly string[]) {
		super(`several installations use this NATS (${found.join(", ")}): set INSTALLATION to the one this node belongs to`);
	}
}

/** Answers nodes that do not know their installation. */
export function tellInstallation(client: NatsConnection, subject: string, id: string): void {
	client.subscribe(subject, { callback: (_error, message) => void message.respond(id) });
}

/** The installations that have a node with a store on this NATS, sorted. */
export async function installationsOn(client: NatsConnection, subject: string): Promise<string[]> {
	const found = new Set<string>();
	try {
		for await (const answer of await client.requestMany(subject, "", { strategy: RequestStrategy.Timer, maxWait: ANSWERS_WITHIN }))
			if (!(answer instanceof Error) && isInstallationId(answer.string())) found.add(answer.string());
	} catch {
		// no node has subscribed to the subject, or the connection was lost: the caller tries again
	}
	return [...found].toSorted();
}
