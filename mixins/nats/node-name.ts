/** NodeName - gives a node name to one process at a time: the holder answers requests on the subject of the name. */
import type { NatsConnection } from "nats";

/** Timeout for the holder of a name to answer, in milliseconds. */
const NAME_TIMEOUT = 2000;
/** Age difference below which instance IDs decide which of two processes keeps a name, in milliseconds. */
const SAME_AGE = 2000;

/** Another node of the cluster has the name of this one. */
export class NameTaken extends Error {}

/** The answer of a process to another one with the same name. */
interface Claim {
	readonly instance: string;
	/** Milliseconds since the process started. */
	readonly age: number;
}

/** False if another process holds the name. A dead process has no connection, so the server reports at once that there is no recipient. */
export async function claimName(client: NatsConnection, subject: string, instance: string): Promise<boolean> {
	if (await client.request(subject, "", { timeout: NAME_TIMEOUT }).catch(() => null)) return false;
	const claim = (): string => JSON.stringify({ instance, age: performance.now() } satisfies Claim);
	client.subscribe(subject, { callback: (_error, message) => void (message.string() !== instance && message.respond(claim())) });
	return true;
}

/** Whether another process has the same name and is older. */
export async function isYounger(client: NatsConnection, subject: string, instance: string): Promise<boolean> {
	const other = (await client.request(subject, instance, { timeout: NAME_TIMEOUT }).catch(() => null))?.json<Claim>();
	if (!other) return false;
	const difference = other.age - performance.now();
	return Math.abs(difference) > SAME_AGE ? difference > 0 : other.instance < instance;
}
