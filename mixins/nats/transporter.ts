/**
 * NATS - Moleculer's NATS transporter, which also detects that a message has no recipient, that the connection and all messages in transit
 * are lost, and that another node uses the name of this one. The connection options are private, so that no credentials can be read from
 * the broker's options.
 */
import { Errors, Transporters } from "moleculer";
import { connect, type ConnectionOptions, ErrorCode, Events, type Msg, type NatsConnection } from "nats";
import { asError } from "../../store/log.ts";
import { InstallationUnclear, installationsOn, tellInstallation } from "./installations.ts";
import { DROPPED } from "../cluster/leaving.ts";
import { claimName, isYounger, NameTaken } from "./node-name.ts";
import { nodeTimers } from "../common/timers.ts";

/** Interval between two attempts to connect, in milliseconds. */
const RETRY_EVERY = 250;
/** Timeout of an attempt, and interval of the client's own pings, in milliseconds. */
const CONNECT_TIMEOUT = 3000;
const PING_EVERY = 2000;
/** Errors of the configuration, for which a retry does not help. */
const PERMANENT = /^(AUTHORIZATION_VIOLATION|SERVER_OPT_NA|TLS)$|CERT|SELF_SIGNED|VERIFY|SSL/;
/** Packets that expect an answer from one node. */
const REQUESTING = /^(REQ|PING)$/;
/** Interval between two attempts to find the installation, and between two checks for a second one, in milliseconds. */
const SEEK_EVERY = 1000;
const CHECK_EVERY = 5000;
/** The smallest payload any server accepts, used before the connection is open. */
const MIN_PAYLOAD = 1024;

/** The server rejects this node, or fails its checks. */
export class NatsRejected extends Error {}

interface Meta {
	readonly packet: { readonly type: string; readonly target?: string | null; readonly payload: { readonly id?: string } };
}
export class NatsTransporter extends Transporters.NATS {
	readonly #options: ConnectionOptions;
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

	constructor(options: ConnectionOptions) {
		super({});
		this.#options = {
			...options,
			timeout: CONNECT_TIMEOUT,
			pingInterval: PING_EVERY,
			reconnectTimeWait: RETRY_EVERY,
			reconnectJitterTLS: 100,
			maxReconnectAttempts: -1,
			ignoreAuthErrorAbort: true, // credentials may be corrected while it retries
		};
	}

	/** Maximal size of a message in bytes. */
	get maxPayload(): number {
		return this.#nats?.info?.max_payload ?? MIN_PAYLOAD;
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
	get #instance(): string {
		return this.broker.instanceID;
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
	/** Subject on which nodes ask for the installation, the same for all installations. */
	get #lobby(): string {
		return `${this.#base}.installation`;
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
	override async subscribe(command: string, nodeID?: string): Promise<void> {
		if (this.#installation !== null) await super.subscribe(command, nodeID);
	}
	override async disconnect(): Promise<void> {
		this.#closed = true;
		this.connected = false;
		const client = this.#nats;
		this.client = null;
		await client?.flush().catch(() => undefined); // the server may be gone
		await client?.close();
	}
	/** A request that cannot be sent has reached no node, so it may be retried immediately. */
	override async prepublish(packet: Meta["packet"] & Parameters<Transporters.Base["prepublish"]>[0]): Promise<void> {
		const { action = "" } = packet.payload as { readonly action?: string }; // of a request
		if (!this.connected && action) throw new Errors.ServiceNotAvailableError({ action, nodeID: packet.target ?? "" });
		return super.prepublish(packet);
	}
	/** The reply subject makes the server report a request or a ping that has no recipient. */
	override async send(topic: string, data: Buffer, meta: Partial<Meta> = {}): Promise<void> {
		if (this.#installation === null) return;
		const { type, target, payload } = meta.packet ?? {};
		const requests = target && payload?.id !== undefined && REQUESTING.test(type ?? "");
		this.#nats?.publish(topic, data, requests ? { reply: `${this.#prefix}.unheard.${this.#instance}.${payload.id}.${target}` } : undefined);
	}

	async #open(): Promise<NatsConnection> {
		for (;;) {
			if (this.#closed) throw new Error("The node has left NATS");
			try {
				const client = await connect({ ...this.#options, name: this.nodeID });
				await this.#enter(client, this.#installation ?? this.#only(await installationsOn(client, this.#lobby)));
				void this.#watch(client);
				return client;
			} catch (error) {
				if (error instanceof NameTaken || error instanceof InstallationUnclear) throw error;
				const { code = "", message } = error as { readonly code?: string; readonly message: string }; // of the client, or of Node
				this.lastError = code === ErrorCode.ServerOptionNotAvailable ? "the server offers no encryption" : message.replace(/;.*/s, "");
				if (PERMANENT.test(code)) throw new NatsRejected(this.lastError);
				await nodeTimers.wait(RETRY_EVERY);
			}
		}
	}

	/** Null if none was found: the first node with a store may start later. */
	#only(found: readonly string[]): string | null {
		if (found.length > 1) throw new InstallationUnclear(found);
		return found[0] ?? null;
	}
	async #enter(client: NatsConnection, installation: string | null): Promise<void> {
		this.waiting = installation === null ? "no node with a store is connected to NATS" : null;
		if (installation === null) return;
		this.prefix = `${this.#base}.${installation}`;
		await this.#claimName(client);
		if (this.#tells) tellInstallation(client, this.#lobby, installation);
		this.#installation = installation;
	}
	/** Joins the installation as soon as one is found; then reports any other one, because this node may have joined the wrong one. */
	async #seek(): Promise<void> {
		while (!this.#closed) {
			await nodeTimers.wait(this.#installation === null ? SEEK_EVERY : CHECK_EVERY);
			const client = this.#nats;
			if (!client || client.isClosed()) continue;
			try {
				const found = await installationsOn(client, this.#lobby);
				if (this.#installation === null) await this.#found(client, this.#only(found));
				else this.#compare(this.#installation, found);
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
		if (!(await claimName(client, this.#nameSubject, this.#instance))) {
			await client.close();
			throw new NameTaken(`another node of the cluster is called ${this.nodeID}`);
		}
		client.subscribe(`${this.#prefix}.unheard.${this.#instance}.>`, { callback: (_error, message) => this.#noRecipient(message) });
	}
	/** Ends this process if another one with the same name is older. */
	async resolveNameConflict(): Promise<void> {
		const client = this.#nats;
		if (!client || !(await isYounger(client, this.#nameSubject, this.#instance))) return;
		this.#closed = true;
		await client.close(); // without a DISCONNECT packet, which would disconnect the other process
		this.#exit(`Another node of the cluster is called ${this.nodeID} and is older: this one ends`);
	}
	get #nameSubject(): string {
		return `${this.#prefix}.name.${this.nodeID}`;
	}
	#exit(reason: string): never {
		this.broker.logger.fatal(reason);
		process.exit(1); // everything acknowledged is on the disk
	}

	/** The target node is not connected: the request was not received, and the node is lost. */
	#noRecipient({ subject, headers }: Msg): void {
		if (headers?.code !== 503) return;
		const [id = "", ...name] = subject.slice(`${this.#prefix}.unheard.${this.#instance}.`.length).split(".");
		const nodeID = name.join(".");
		const request = this.transit.pendingRequests.get(id);
		this.transit.removePendingRequest(id);
		request?.reject(new Errors.ServiceNotAvailableError({ action: request.ctx.action?.name ?? "", nodeID }));
		this.broker.registry.nodes.disconnected(nodeID, true);
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
