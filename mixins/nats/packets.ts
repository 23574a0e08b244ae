/**
 * Packets - transports packets of any size between nodes: a packet above the payload limit is sent in fragments, and one above the limit of
 * a message fails with a code (docs/decisions/0033-fragmented-packets.md). Middlewares after this one in the list see each packet whole, on
 * both sides; those before it, such as sealing, see each message on the wire.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import { refuse } from "../../model/index.ts";
import { CODES } from "../common/codes.ts";
import { refusalError } from "../common/errors.ts";
import { fragmentsOf, isFragment, MAX_MESSAGE, Reassembly } from "./fragments.ts";
import { nodeTimers } from "../common/timers.ts";

const MEGABYTE = 1024 * 1024;
/** Moleculer's type of a response. */
const RESPONSE = /^RES$/;

type Transporter = NonNullable<ServiceBroker["transit"]>["tx"];
type Packet = Parameters<Transporter["serialize"]>[0];
type Send = (topic: string, data: Buffer, meta: { readonly packet: Packet }) => Promise<unknown>;
type Receive = (command: string, data: Buffer) => unknown;

/** `maxPayload`: the current limit of a message in bytes. */
export const PacketsMiddleware =
	(maxPayload: () => number) =>
	(broker: ServiceBroker): Middleware => {
		const reassembly = new Reassembly(nodeTimers);
		let number = Math.floor(Math.random() * 2 ** 32); // differs from that of an earlier process with the same name
		return {
			name: "Packets",
			created: () =>
				void broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => reassembly.forget(node.id)),
			transporterSend(this: Transporter, next: Send): Send {
				return (topic, data, meta) => {
					if (data.length <= maxPayload()) return next(topic, data, meta); // without a promise of its own
					if (data.length > MAX_MESSAGE) return next(topic, this.serialize(tooLarge(broker, data.length, meta.packet)), meta);
					number = (number + 1) >>> 0;
					const sent = [];
					for (const fragment of fragmentsOf(data, broker.nodeID, number, maxPayload())) sent.push(next(topic, fragment, meta)); // synchronously, to keep the order of packets
					return Promise.all(sent);
				};
			},
			transporterReceive:
				(next: Receive): Receive =>
				(command, data) => {
					const message = isFragment(data) ? reassembly.add(command, data) : data;
					return message ? next(command, message) : undefined;
				},
		} as unknown as Middleware; // moleculer's type has the hooks return results instead of handlers
	};

/** Replaces a response by an error, so that its caller does not wait in vain; throws for any other packet. */
function tooLarge({ logger, errorRegenerator }: ServiceBroker, length: number, packet: Packet): Packet {
	const size = `has ${Math.ceil(length / MEGABYTE)} MiB; the limit between nodes is ${MAX_MESSAGE / MEGABYTE} MiB`;
	if (!RESPONSE.test(packet.type)) throw refusalError(refuse(CODES.TOO_LARGE, `The message ${size}`));
	const error = refusalError(refuse(CODES.ANSWER_TOO_LARGE, `The answer ${size}`));
	logger.warn(error.message);
	const { id, seq } = packet.payload as { readonly id: string; readonly seq?: number }; // of a response
	const failure = { id, seq, stream: seq === undefined ? undefined : false, success: false, data: null };
	return { type: packet.type, payload: { ...failure, error: errorRegenerator?.extractPlainError(error, failure) } as never }; // moleculer adds the rest
}
