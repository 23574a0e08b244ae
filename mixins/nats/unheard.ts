/**
 * Unheard - notices that a request or a ping has no recipient. The message names a subject for an answer, and the server reports there at
 * once that no process has subscribed to the subject of the message.
 */
import type { ServiceBroker } from "moleculer";
import type { Msg } from "nats";

/** Packets that expect an answer from one node. */
const REQUESTING = /^(REQ|PING)$/;
const NO_RECIPIENT = 503;

export interface Meta {
	readonly packet: { readonly type: string; readonly target?: string | null; readonly payload: { readonly id?: string } };
}

/** The subject of the report, below `base`; undefined for a packet that expects no answer. */
export function reportOn(base: string, { packet }: Partial<Meta>): string | undefined {
	const { type, target, payload } = packet ?? {};
	return target && payload?.id !== undefined && REQUESTING.test(type ?? "") ? `${base}.${payload.id}.${target}` : undefined;
}

/** The error of a request to a node that was not received. */
type Unreceived = (action: string, nodeID: string) => Error;

/** The target node is not connected: the request was not received, and the node is lost. */
export function onUnheard({ transit, registry }: ServiceBroker, base: string, { subject, headers }: Msg, unreceived: Unreceived): void {
	if (headers?.code !== NO_RECIPIENT) return;
	const [id = "", ...name] = subject.slice(base.length + 1).split(".");
	const nodeID = name.join(".");
	const request = transit?.pendingRequests.get(id);
	transit?.removePendingRequest(id);
	request?.reject(unreceived(request.ctx.action?.name ?? "", nodeID));
	registry.nodes.disconnected(nodeID, true);
}
