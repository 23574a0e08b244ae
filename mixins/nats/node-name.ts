/**
 * NodeName - gives a node name to one process at a time: the holder answers requests on the subject of the name. Answers are sealed and
 * repeat the request, so that only a node with the cluster key can hold a name, and no recording of an answer can.
 */
import { randomUUID } from "node:crypto";
import { type NatsConnection, RequestStrategy } from "nats";
import type { Sealing } from "./sealing.ts";

/** Timeout for the holder of a name to answer, in milliseconds. */
const NAME_TIMEOUT = 2000;
/** Age difference below which instance IDs decide which of two processes keeps a name, in milliseconds. */
const SAME_AGE = 2000;
/** The type that answers are sealed as. */
const NAME = "name";

/** Another node of the cluster has the name of this one. */
export class NameTaken extends Error {}

/** The answer of a process to another one with the same name. */
interface Claim {
	readonly instance: string;
	/** Milliseconds since the process started. */
	readonly age: number;
	/** The request that it answers. */
	readonly to: string;
}
/** The name of this process on the bus. */
export interface Name {
	readonly client: NatsConnection;
	readonly subject: string;
	readonly instance: string;
	readonly sealing: Sealing;
}

/** False if another process holds the name. A dead process has no connection, so the server reports at once that there is no recipient. */
export async function claimName(name: Name): Promise<boolean> {
	if (await otherHolder(name)) return false;
	const { client, subject, instance, sealing } = name;
	client.subscribe(subject, {
		callback: (_error, message) => {
			const to = message.string();
			if (to.startsWith(instance)) return; // of this process
			const claim: Claim = { instance, age: performance.now(), to };
			message.respond(sealing.seal(NAME, null, Buffer.from(JSON.stringify(claim))));
		},
	});
	return true;
}

/** Whether another process has the same name and is older. */
export async function isYounger(name: Name): Promise<boolean> {
	const other = await otherHolder(name);
	if (!other) return false;
	const difference = other.age - performance.now();
	return Math.abs(difference) > SAME_AGE ? difference > 0 : other.instance < name.instance;
}

/** The first answer that is genuine. */
async function otherHolder({ client, subject, instance, sealing }: Name): Promise<Claim | null> {
	const request = `${instance} ${randomUUID()}`;
	try {
		const answers = await client.requestMany(subject, request, { strategy: RequestStrategy.Timer, maxWait: NAME_TIMEOUT });
		for await (const answer of answers) {
			const opened = answer instanceof Error ? null : sealing.open(NAME, answer.data);
			const claim = opened && (JSON.parse(opened.toString()) as Claim); // a node with the cluster key has sealed it
			if (claim?.to === request) return claim;
		}
	} catch {
		// no process has subscribed to the subject, or the connection was lost
	}
	return null;
}
