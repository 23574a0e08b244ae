/**
 * Discovery - Moleculer's own, which misses a node within seconds, and with bounds on what another node can make this one do: of a node's
 * description it takes only services of this system, from as many nodes as a cluster may have, and each node's not faster than it can
 * use it.
 */
import { Discoverers, type ServiceBroker } from "moleculer";
import { Pulse } from "./pulse.ts";
import { nodeTimers } from "./timers.ts";

/** How often a node says that it is there, and looks who else is, in milliseconds. */
const BEAT = 500;
const LOOK = 250;
/** How often it takes stock of its processor, and of nodes that are long gone, in milliseconds. */
const STOCK = 5000;

/** Other nodes known at a time. */
const MOST_NODES = 250;
/** How often the description of one node is taken, in milliseconds. */
const TAKEN_EVERY = 100;
/** A node's name, as it may stand in a log line or a subject. */
const NAME = /^[\w.-]{1,128}$/;

type Fields = Readonly<Record<string, unknown>>;
type Node = ReturnType<ServiceBroker["registry"]["nodes"]["get"]>;

export class Discovery extends Discoverers.Local {
	readonly #pulse = new Pulse(() => performance.now());
	readonly #ours: ReadonlySet<string>;
	/** By node, while its description was just taken: the latest of those that came since. */
	readonly #taken = new Map<string, Fields | null>();
	#full = false;

	/** `ours`: the services of this system. */
	constructor(ours: ReadonlySet<string>) {
		super();
		this.#ours = ours;
	}

	override init(registry: Parameters<Discoverers.Local["init"]>[0]): void {
		super.init(registry);
		const { localBus } = registry.broker;
		localBus.on("$node.pong", ({ nodeID }: { readonly nodeID: string }) => this.#pulse.heard(nodeID));
		localBus.on("$transporter.connected", () => this.#pulse.again());
	}
	/** In place of Moleculer's, which come to six to twelve seconds. */
	override startHeartbeatTimers(): void {
		this.stopHeartbeatTimers();
		this.heartbeatTimer = setInterval(() => void this.sendHeartbeat(), BEAT).unref();
		this.checkNodesTimer = setInterval(() => this.checkRemoteNodes(), LOOK).unref();
		this.offlineTimer = setInterval(() => {
			void this.localNode?.updateLocalInfo(this.broker.getCpuUsage);
			this.checkOfflineNodes();
		}, STOCK).unref();
	}
	override checkRemoteNodes(): void {
		const { nodes } = this.registry;
		const there = nodes.toArray().flatMap(({ id, local, available }) => (available && !local ? [id] : []));
		const { suspect, lost } = this.#pulse.look(there, this.transit?.tx.connected ?? false);
		for (const id of suspect) void this.transit?.sendPing(id);
		for (const id of lost) {
			this.logger.warn(`Heartbeat is not received from '${id}' node.`);
			nodes.disconnected(id, true);
		}
	}
	/** Whether a node has not been heard for a while. */
	silent(nodeID: string): boolean {
		return this.#pulse.silent(nodeID);
	}
	override heartbeatReceived(nodeID: string, payload: Fields): void {
		this.#pulse.heard(nodeID);
		super.heartbeatReceived(nodeID, payload);
	}

	override processRemoteNodeInfo(nodeID: string, info: Fields): Node {
		this.#pulse.heard(nodeID);
		const known = this.registry.nodes.get(nodeID);
		if (this.#taken.has(nodeID)) this.#taken.set(nodeID, info);
		else if (NAME.test(nodeID) && (known?.available || this.#hasRoom())) {
			this.#taken.set(nodeID, null);
			nodeTimers.later(TAKEN_EVERY, () => this.#next(nodeID));
			return super.processRemoteNodeInfo(nodeID, { ...info, services: servicesIn(info["services"], this.#ours) });
		}
		return known;
	}
	/** What it said of itself before it left holds no more. */
	override remoteNodeDisconnected(nodeID: string, isUnexpected: boolean): void {
		if (this.#taken.has(nodeID)) this.#taken.set(nodeID, null);
		super.remoteNodeDisconnected(nodeID, isUnexpected);
	}
	#next(nodeID: string): void {
		const waiting = this.#taken.get(nodeID);
		this.#taken.delete(nodeID);
		if (waiting) this.processRemoteNodeInfo(nodeID, waiting);
	}

	/** Nodes that are gone make room for one that comes. */
	#hasRoom(): boolean {
		const { nodes } = this.registry;
		if (nodes.count() > MOST_NODES) for (const { id, available } of nodes.toArray()) if (!available) nodes.delete(id);
		const full = nodes.count() > MOST_NODES;
		if (full && !this.#full) this.logger.warn(`There are ${MOST_NODES} other nodes: whichever come now are not taken in`);
		this.#full = full;
		return !full;
	}
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Those of this system, each with actions of its own only. */
function servicesIn(services: unknown, ours: ReadonlySet<string>): Fields[] {
	if (!Array.isArray(services)) return [];
	return services.flatMap((service: unknown): Fields[] => {
		if (!isFields(service)) return [];
		const { name, actions, events } = service;
		if (typeof name !== "string" || !ours.has(name)) return [];
		const own = Object.entries(isFields(actions) ? actions : {}).filter(
			([, action]) => isFields(action) && String(action["name"]).startsWith(`${name}.`),
		);
		return [{ ...service, fullName: name, actions: Object.fromEntries(own), events: isFields(events) ? events : {} }];
	});
}
