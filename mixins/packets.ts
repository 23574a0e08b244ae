/**
 * Packets - what goes from node to node, whatever its size: a message larger than the transport takes goes in parts, and one that is too
 * large even so fails with a code instead of in silence (docs/decisions/xx-packets-in-parts.md). Whatever else is done to all messages
 * (sealing, compressing) belongs into a middleware after this one: it sees each message whole, on both sides.
 */
import { Errors, type Middleware, type ServiceBroker } from "moleculer";
import { Assembly, isPart, MOST_BYTES, partsOf } from "./fragments.ts";
import { nodeTimers } from "./timers.ts";

const MEGABYTE = 1024 * 1024;
/** As Moleculer calls it. */
const ANSWER = /^RES$/;

type Transporter = NonNullable<ServiceBroker["transit"]>["tx"];
type Packet = Parameters<Transporter["serialize"]>[0];
type Send = (topic: string, data: Buffer, meta: { readonly packet: Packet }) => Promise<unknown>;
type Receive = (command: string, data: Buffer) => unknown;

/** `most`: bytes of one message of the transport, at the moment. */
export const PacketsMiddleware =
	(most: () => number) =>
	(broker: ServiceBroker): Middleware => {
		const assembly = new Assembly(nodeTimers);
		let number = Math.floor(Math.random() * 2 ** 32); // another one than that of the process that had this name before
		return {
			name: "Packets",
			created: () =>
				void broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => assembly.forget(node.id)),
			transporterSend(this: Transporter, next: Send): Send {
				return async (topic, data, meta) => {
					if (data.length <= most()) return next(topic, data, meta);
					if (data.length > MOST_BYTES) return next(topic, this.serialize(tooLarge(broker, data.length, meta.packet)), meta);
					number = (number + 1) >>> 0;
					const sent = [];
					for (const part of partsOf(data, broker.nodeID, number, most())) sent.push(next(topic, part, meta)); // nothing else in between
					await Promise.all(sent);
				};
			},
			transporterReceive:
				(next: Receive): Receive =>
				(command, data) => {
					const message = isPart(data) ? assembly.take(command, data) : data;
					return message ? next(command, message) : undefined;
				},
		} as unknown as Middleware; // moleculer's type says what a method becomes, not how it is wrapped
	};

/** What goes instead of an answer, so that nobody waits for it in vain; anything else fails where it is sent. */
function tooLarge({ logger, errorRegenerator }: ServiceBroker, length: number, packet: Packet): Packet {
	const size = `has ${Math.ceil(length / MEGABYTE)} MiB; nodes send each other at most ${MOST_BYTES / MEGABYTE} MiB at once`;
	if (!ANSWER.test(packet.type)) throw new Errors.MoleculerClientError(`What is to be sent ${size}`, 413, "TOO_LARGE");
	const error = new Errors.MoleculerClientError(`The answer ${size}: ask for less`, 422, "ANSWER_TOO_LARGE");
	logger.warn(error.message);
	const { id, seq } = packet.payload as { readonly id: string; readonly seq?: number }; // as every answer has them
	const failure = { id, seq, stream: seq === undefined ? undefined : false, success: false, data: null };
	return { type: packet.type, payload: { ...failure, error: errorRegenerator?.extractPlainError(error, failure) } as never }; // moleculer fills in the rest
}
