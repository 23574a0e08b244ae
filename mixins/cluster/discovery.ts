/**
 * Discovery - Moleculer's local discoverer with a faster failure detector and limits against a misbehaving node: it accepts only services
 * of this system from a node's INFO, from a limited number of nodes, and from each node at a limited rate.
 */
import { Discoverers, type ServiceBroker } from "moleculer";
import { FailureDetector } from "./failure-detector.ts";
import { nodeTimers } from "../common/timers.ts";

/** Milliseconds between two heartbeats of a node, and between two checks of the heartbeats of other nodes. */
const BEAT_EVERY = 500;
const CHECK_EVERY = 250;
/** Milliseconds between two measurements of the CPU usage, which also remove nodes that have been offline for long. */
const HOUSEKEEPING_EVERY = 5000;
/** Limit of other nodes in the registry. */
const MAX_NODES = 250;
/** Minimal interval between two INFO packets of one node that are processed, in milliseconds. */
const INFO_EVERY = 100;
/** Names that may appear in a log line or a subject. */
const NODE_NAME = /^[\w.-]{1,128}$/;

type Fields = Readonly<Record<string, unknown>>;
type Node = ReturnType<ServiceBroker["registry"]["nodes"]["get"]>;

export class Discovery extends Discoverers.Local {
	readonly #detector = new FailureDetector(() => performance.now());
	readonly #services: ReadonlySet<string>;
	/** Nodes whose INFO was processed a moment ago, each with its latest INFO since then. */
	readonly #recent = new Map<string, Fields | null>();
	#full = false;

	/** `services`: the names of the services of this system. */
	constructor(services: ReadonlySet<string>) {
		super();
		this.#services = services;
	}

	override init(registry: Parameters<Discoverers.Local["init"]>[0]): void {
		super.init(registry);
		const { localBus } = registry.broker;
		localBus.on("$node.pong", ({ nodeID }: { readonly nodeID: string }) => this.#detector.heard(nodeID));
		localBus.on("$transporter.connected", () => this.#detector.suspectAll());
	}
	/** Replaces Moleculer's timers, which need six to twelve seconds to detect a lost node. */
	override startHeartbeatTimers(): void {
		this.stopHeartbeatTimers();
		this.heartbeatTimer = setInterval(() => void this.sendHeartbeat(), BEAT_EVERY).unref();
		this.checkNodesTimer = setInterval(() => this.checkRemoteNodes(), CHECK_EVERY).unref();
		this.offlineTimer = setInterval(() => {
			void this.localNode?.updateLocalInfo(this.broker.getCpuUsage);
			this.checkOfflineNodes();
		}, HOUSEKEEPING_EVERY).unref();
	}
	override checkRemoteNodes(): void {
		const { nodes } = this.registry;
		const available = nodes.toArray().flatMap((node) => (node.available && !node.local ? [node.id] : []));
		const { suspect, lost } = this.#detector.check(available, this.transit?.tx.connected ?? false);
		for (const id of suspect) void this.transit?.sendPing(id);
		for (const id of lost) {
			this.logger.warn(`Heartbeat is not received from '${id}' node.`);
			nodes.disconnected(id, true);
		}
	}
	override heartbeatReceived(nodeID: string, payload: Fields): void {
		this.#detector.heard(nodeID);
		super.heartbeatReceived(nodeID, payload);
	}

	override processRemoteNodeInfo(nodeID: string, info: Fields): Node {
		this.#detector.heard(nodeID);
		const known = this.registry.nodes.get(nodeID);
		if (this.#recent.has(nodeID)) this.#recent.set(nodeID, info);
		else if (NODE_NAME.test(nodeID) && (known?.available || this.#hasRoom())) {
			this.#recent.set(nodeID, null);
			nodeTimers.later(INFO_EVERY, () => this.#processLatest(nodeID));
			return super.processRemoteNodeInfo(nodeID, { ...info, services: servicesIn(info["services"], this.#services) });
		}
		return known;
	}
	/** A pending INFO of a node that has left is stale. */
	override remoteNodeDisconnected(nodeID: string, isUnexpected: boolean): void {
		if (this.#recent.has(nodeID)) this.#recent.set(nodeID, null);
		super.remoteNodeDisconnected(nodeID, isUnexpected);
	}
	#processLatest(nodeID: string): void {
		const latest = this.#recent.get(nodeID);
		this.#recent.delete(nodeID);
		if (latest) this.processRemoteNodeInfo(nodeID, latest);
	}

	/** Offline nodes are removed early to make room for a new one. */
	#hasRoom(): boolean {
		const { nodes } = this.registry;
		if (nodes.count() > MAX_NODES) for (const { id, available } of nodes.toArray()) if (!available) nodes.delete(id);
		const full = nodes.count() > MAX_NODES;
		if (full && !this.#full) this.logger.warn(`The registry holds ${MAX_NODES} other nodes, which is the limit: new nodes are ignored`);
		this.#full = full;
		return !full;
	}
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** The services that belong to this system, each with its own actions only. */
function servicesIn(services: unknown, known: ReadonlySet<string>): Fields[] {
	if (!Array.isArray(services)) return [];
	return services.flatMap((service: unknown): Fields[] => {
		if (!isFields(service)) return [];
		const { name, actions, events } = service;
		if (typeof name !== "string" || !known.has(name)) return [];
		const own = Object.entries(isFields(actions) ? actions : {}).filter(
			([, action]) => isFields(action) && String(action["name"]).startsWith(`${name}.`),
		);
		return [{ ...service, fullName: name, actions: Object.fromEntries(own), events: isFields(events) ? events : {} }];
	});
}
