/**
 * Sealed - the middleware that seals every packet between nodes. It belongs before PacketsMiddleware in the list: each message on the wire is
 * sealed, so that a fragment of a packet is not kept before it has been opened.
 */
import type { Middleware } from "moleculer";
import type { Deliver } from "./sealing.ts";
import type { NatsTransporter } from "./transporter.ts";

interface Meta {
	readonly packet: { readonly type: string; readonly target?: string | null };
}
type Send = (topic: string, data: Buffer, meta: Meta) => Promise<unknown>;

export const SealedMiddleware = {
	name: "Sealed",
	transporterSend(this: NatsTransporter, next: Send): Send {
		const { sealing } = this;
		return (topic, data, meta) => next(topic, sealing.seal(meta.packet.type, meta.packet.target ?? null, data), meta);
	},
	transporterReceive(this: NatsTransporter, next: Deliver): Deliver {
		const { sealing } = this;
		sealing.deliver = next;
		return (command, data) => sealing.receive(command, data);
	},
} as unknown as Middleware; // moleculer's type has the hooks return results instead of handlers
