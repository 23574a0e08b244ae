/**
 * NATS - Moleculer's NATS transporter, which also detects that a message has no recipient, that the connection and all messages in transit
 * are lost, and that another node uses the name of this one. It has the cluster key, and so the parts that seal and open packets. The
 * connection options and the key are private, so that no credentials can be read from the broker's options.
 */
import { Errors, Transporters } from "moleculer";
import { connect, type ConnectionOptions, Events, type Msg, type NatsConnection } from "nats";
import { asError } from "../../store/log.ts";
import type { ClusterKeys } from "./cluster-keys.ts";
import { lasting, reasonOf, RETRY_EVERY } from "./connecting.ts";
import { type Found, InstallationUnclear, installationsOn, type Lobby, tellInstallation } from "./installations.ts";
import { DROPPED } from "../cluster/leaving.ts";
import { claimName, isYounger, type Name, NameTaken } from "./node-name.ts";
import { Outgoing } from "./outgoing.ts";
import { Sealing } from "./sealing.ts";
import { PROOF } from "./senders.ts";
import { type Meta, onUnheard, reportOn } from "./unheard.ts";
import { nodeTimers } from "../common/timers.ts";

/** Interval between two attempts to find the installation, and between two checks for a second one, in milliseconds. */
const SEEK_EVERY = 1000;
const CHECK_EVERY = 5000;
/** The smallest payload any server accepts, used before the connection is open. */
const MIN_PAYLOAD = 1024;

/** The result of every message: nothing waits until it is sent. */
const SENT = Promise.resolve();
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);

const unreceived = (action: string, nodeID: string): Error => new Errors.ServiceNotAvailableError({ action, nodeID });

export class NatsTransporter extends Transporters.NATS {
	readonly #options: ConnectionOptions;
	readonly #keys: ClusterKeys;
	readonly #outgoing = new Outgoing(({ subject, data, reply }) => this.#nats?.publish(subject, data, reply === undefined ? {} : { reply }));
	#sealing: Sealing | null = null;
	#opening: Promise<NatsConnection> | null = null;
	#closed = false;
	#joined = false;
	/** ID of the installation; null until this node knows it. Until then it receives and sends nothing. */
	#installation: string | null = null;
	/** Whether the installation was set, and not learned from other nodes. */
	#belongs = false;
	/** Whether this node has a store, so that it answers nodes that do not know their installation. */
	#tells = false;
	/** Why the installation is unknown; null once it is known. */
	waiting: string | null = null;
	/** The reason of the last failed attempt to connect. */
	lastError: string | null = null;
	/** The number of connections so far. */
	connections = 0;

	constructor(options: ConnectionOptions, keys: ClusterKeys) {
		super({});
		this.#keys = keys;
		this.#options = lasting(options);
	}

	/** Seals and opens the packets of this node. */
	get sealing(): Sealing {
		return (this.#sealing ??= new Sealing(this.#keys, {
			node: this.nodeID,
			send: (type, receiver, data) => this.#outgoing.add({ subject: this.getTopicName(type, receiver), data }),
			warn: (line) => this.logger.warn(`NATS: ${line}`),
		}));
	}
	/** Maximal size of a message in bytes, before it is sealed. */
	get maxPayload(): number {
		return (this.#nats?.info?.max_payload ?? MIN_PAYLOAD) - this.sealing.overhead;
	}
	/** Prefix of the subjects of all installations. */
	get #base(): string {
		return `MOL-${this.broker.namespace}`;
	}
	get #nats(): NatsConnection | null {
		return this.client as NatsConnection | null; // moleculer leaves it untyped
	}
	get #prefix(): string {
		return `${this.prefix}.NODE`;
	}

	/** Sets the installation before the node connects. `tells`: it was read from a store. */
	belong(installation: string, tells: boolean): void {
		this.#belongs = true;
		this.#installation = installation;
		this.#tells = tells;
	}
	get installation(): string | null {
		return this.#installation;
	}
	/** Nodes ask for the installation on the same subject in all installations. */
	#lobbyOf(client: NatsConnection): Lobby {
		return { client, subject: `${this.#base}.installation`, sealing: this.sealing };
	}

	/** Resolves when the node is connected and holds its name; rejects if a retry cannot help. */
	async open(): Promise<void> {
		this.client = await (this.#opening ??= this.#open());
	}
	override async connect(): Promise<void> {
		await this.open();
		this.#joined = true;
		await this.onConnected();
		if (!this.#belongs) void this.#seek();
	}
	override async makeSubscriptions(topics: Parameters<Transporters.NATS["makeSubscriptions"]>[0]): Promise<void> {
		await super.makeSubscriptions([{ cmd: PROOF, nodeID: this.nodeID }, ...topics]);
	}
	override async subscribe(command: string, nodeID?: string): Promise<void> {
		if (this.#installation === null) return;
		const callback = (_error: Error | null, { data }: Msg) => void this.receive(command, asBuffer(data));
		this.#nats?.subscribe(this.getTopicName(command, nodeID), { callback });
	}
	override async disconnect(): Promise<void> {
		this.#closed = true;
		this.connected = false;
		this.#outgoing.flush();
		const client = this.#nats;
		this.client = null;
		await client?.flush().catch(() => undefined); // the server may be gone
		await client?.close();
	}
	/** A request that cannot be sent has reached no node, so it may be retried immediately. */
	override async prepublish(packet: Meta["packet"] & Parameters<Transporters.Base["prepublish"]>[0]): Promise<void> {
		const { action = "" } = packet.payload as { readonly action?: string }; // of a request
		if (!this.connected && action) throw unreceived(action, packet.target ?? "");
		return super.prepublish(packet);
	}
	/** The reply subject makes the server report a request or a ping that has no recipient. */
	override send(topic: string, data: Buffer, meta: Partial<Meta> = {}): Promise<void> {
		if (this.#installation !== null) this.#outgoing.add({ subject: topic, data, reply: reportOn(this.#unheard, meta) });
		return SENT;
	}

	async #open(): Promise<NatsConnection> {
		for (;;) {
			if (this.#closed) throw new Error("The node has left NATS");
			try {
				const client = await connect({ ...this.#options, name: this.nodeID });
				await this.#enter(client, this.#installation ?? this.#only(await installationsOn(this.#lobbyOf(client))));
				void this.#watch(client);
				return client;
			} catch (error) {
				if (error instanceof NameTaken || error instanceof InstallationUnclear) throw error;
				this.lastError = reasonOf(error);
				await nodeTimers.wait(RETRY_EVERY);
			}
		}
	}

	/** Null if none was found: the first node with a store may start later. */
	#only({ ids, others }: Found): string | null {
		if (ids.length > 1) throw new InstallationUnclear(ids);
		this.waiting = others ? "the nodes with a store on this NATS have another CLUSTER_KEY" : "no node with a store is connected to NATS";
		return ids[0] ?? null;
	}
	async #enter(client: NatsConnection, installation: string | null): Promise<void> {
		if (installation === null) return;
		this.prefix = `${this.#base}.${installation}`;
		this.sealing.enter(installation);
		await this.#claimName(client);
		this.sealing.enter(installation); // from now on it receives packets
		if (this.#tells) tellInstallation(this.#lobbyOf(client), installation);
		this.#installation = installation;
		this.waiting = null;
	}
	/** Joins the installation as soon as one is found; then reports any other one, because this node may have joined the wrong one. */
	async #seek(): Promise<void> {
		while (!this.#closed) {
			await nodeTimers.wait(this.#installation === null ? SEEK_EVERY : CHECK_EVERY);
			const client = this.#nats;
			if (!client || client.isClosed()) continue;
			try {
				const found = await installationsOn(this.#lobbyOf(client));
				if (this.#installation === null) await this.#found(client, this.#only(found));
				else this.#compare(this.#installation, found.ids);
			} catch (error) {
				if (error instanceof NameTaken) this.#exit(`NODE_ID: ${error.message}`);
				this.waiting = asError(error).message;
			}
		}
	}
	async #found(client: NatsConnection, installation: string | null): Promise<void> {
		await this.#enter(client, installation);
		if (installation === null) return;
		this.broker.logger.info(`This node belongs to the installation ${installation}`);
		await this.onConnected();
	}
	#compare(joined: string, found: readonly string[]): void {
		const others = found.filter((one) => one !== joined);
		const reason = others.length > 0 ? `${new InstallationUnclear([joined, ...others].toSorted()).message}; it has joined ${joined}` : null;
		if (reason !== null && this.waiting === null) this.broker.logger.error(reason);
		this.waiting = reason;
	}

	/** Has to run before any subscription, otherwise requests for the holder of the name would reach this process too. */
	async #claimName(client: NatsConnection): Promise<void> {
		if (!(await claimName(this.#nameOn(client)))) {
			await client.close();
			throw new NameTaken(`another node of the cluster is called ${this.nodeID}`);
		}
		const base = this.#unheard;
		client.subscribe(`${base}.>`, { callback: (_error, message) => onUnheard(this.broker, base, message, unreceived) });
	}
	/** Ends this process if another one with the same name is older. */
	async resolveNameConflict(): Promise<void> {
		const client = this.#nats;
		if (!client || !(await isYounger(this.#nameOn(client)))) return;
		this.#closed = true;
		await client.close(); // without a DISCONNECT packet, which would disconnect the other process
		this.#exit(`Another node of the cluster is called ${this.nodeID} and is older: this one ends`);
	}
	/** The server reports below this subject that a message has no recipient. */
	get #unheard(): string {
		return `${this.#prefix}.unheard.${this.broker.instanceID}`;
	}
	#nameOn(client: NatsConnection): Name {
		return { client, subject: `${this.#prefix}.name.${this.nodeID}`, instance: this.broker.instanceID, sealing: this.sealing };
	}
	#exit(reason: string): never {
		this.broker.logger.fatal(reason);
		process.exit(1); // everything acknowledged is on the disk
	}

	async #watch(client: NatsConnection): Promise<void> {
		this.connections++;
		for await (const { type } of client.status()) {
			if (type === Events.Disconnect) this.#dropped();
			if (type === Events.Reconnect) this.#reconnected();
		}
		const reason = await client.closed();
		if (!this.#closed) this.#exit(`The connection to NATS was closed: ${reason?.message ?? "no reason given"}`);
	}
	/** Answers to pending requests are lost. */
	#dropped(): void {
		this.connected = false;
		for (const { id, local } of this.broker.registry.nodes.toArray()) if (!local) this.transit.removePendingRequestByNodeID(id);
		this.broker.localBus.emit(DROPPED);
	}
	/** The heartbeat tells the other nodes that answers of this node may be lost. */
	#reconnected(): void {
		this.connections++;
		if (!this.#joined) return;
		void this.onConnected(true);
		void this.transit.discoverer.sendHeartbeat();
	}
}
