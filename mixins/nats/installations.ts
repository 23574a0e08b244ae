/**
 * Installations - keeps the nodes of two installations apart on one NATS: the installation ID is a token of every subject, so that a node
 * receives no packet of another installation. A node with a store reads the ID from it and sends it to nodes without one. Answers are sealed,
 * so that an installation with another cluster key, or a stranger, gives none.
 */
import { randomUUID } from "node:crypto";
import { type NatsConnection, RequestStrategy } from "nats";
import type { Sealing } from "./sealing.ts";

/** Milliseconds that a node waits for answers of other nodes. */
const ANSWERS_WITHIN = 500;
const ID = /^[\w-]{1,64}$/;
/** The type that answers are sealed as, before the asking node knows an installation. */
const INSTALLATION = "installation";
const NONE = "";

/** An answer repeats the request, so that a recording answers nothing. */
interface Telling {
	readonly id: string;
	readonly to: string;
}
/** The subject on which nodes ask for the installation, and the connection to it. */
export interface Lobby {
	readonly client: NatsConnection;
	readonly subject: string;
	readonly sealing: Sealing;
}

export const isInstallationId = (text: string): boolean => ID.test(text);

/** Several installations use the same NATS, and INSTALLATION does not select one. */
export class InstallationUnclear extends Error {
	constructor(found: readonly string[]) {
		super(`several installations use this NATS (${found.join(", ")}): set INSTALLATION to the one this node belongs to`);
	}
}

/** Answers nodes that do not know their installation. */
export function tellInstallation({ client, subject, sealing }: Lobby, id: string): void {
	client.subscribe(subject, {
		callback: (_error, message) => {
			const telling: Telling = { id, to: message.string() };
			message.respond(sealing.seal(INSTALLATION, null, Buffer.from(JSON.stringify(telling)), NONE));
		},
	});
}

export interface Found {
	/** The installations that have a node with a store on this NATS, sorted. */
	readonly ids: readonly string[];
	/** Whether a node with another cluster key, or a stranger, has answered. */
	readonly others: boolean;
}
export async function installationsOn({ client, subject, sealing }: Lobby): Promise<Found> {
	const found = new Set<string>();
	const request = randomUUID();
	let others = false;
	try {
		for await (const answer of await client.requestMany(subject, request, { strategy: RequestStrategy.Timer, maxWait: ANSWERS_WITHIN })) {
			const opened = answer instanceof Error ? null : sealing.open(INSTALLATION, answer.data, NONE);
			const telling = opened && (JSON.parse(opened.toString()) as Telling); // a node with the cluster key has sealed it
			if (telling?.to === request && isInstallationId(telling.id)) found.add(telling.id);
			else others = true;
		}
	} catch {
		// no node has subscribed to the subject, or the connection was lost: the caller tries again
	}
	return { ids: [...found].toSorted(), others };
}
