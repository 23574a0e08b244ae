/**
 * NATS - Moleculer's NATS transporter with what the connection can tell: that a message had no recipient, that the connection was lost and
 * with it all messages in transit, and that another node uses the name of this one. The connection options are private, so that no
 * credentials can be read from the broker's options.
 */
import { Errors, Transporters } from "moleculer";
import { connect, type ConnectionOptions, ErrorCode, Events, type Msg, type NatsConnection } from "nats";
import { DROPPED } from "./leaving.ts";
import { nodeTimers } from "./timers.ts";

/** Interval between two attempts to connect, in milliseconds. */
const RETRY_EVERY = 250;
/** Timeout of an attempt, and interval of the client's own pings, in milliseconds. */
const CONNECT_TIMEOUT = 3000;
const PING_EVERY = 2000;
/** Timeout for the holder of a name to answer, in milliseconds. */
const NAME_TIMEOUT = 2000;
/** Age difference below which instance IDs decide which of two processes keeps a name, in milliseconds. */
const SAME_AGE = 2000;
/** Errors that a configuration causes, so that waiting does not help. */
const PERMANENT = /^(AUTHORIZATION_VIOLATION|SERVER_OPT_NA|TLS)$|CERT|SELF_SIGNED|VERIFY|SSL/;
/** Packets that expect an answer from one node. */
const REQUESTING = /^(REQ|PING)$/;
/** The smallest payload any server accepts, used before the connection is open. */
const MIN_PAYLOAD = 1024;

/** The server rejects this node, or fails its checks. */
export class NatsRejected extends Error {}
/** Another node of the cluster has the name of this one. */
export class NameTaken extends Error {}

interface Meta {
	readonly packet: { readonly type: string; readonly target?: string | null; readonly payload: { readonly id?: string } };
}
/** The answer of a process to another one with the same name. */
interface Claim {
	readonly instance: string;
	/** Milliseconds since the process started. */
	readonly age: number;
}

export class NatsTransporter extends Transporters.NATS {
	readonly #options: ConnectionOptions;
	#opening: Promise<NatsConnection> | null = null;
	#closed = false;
	#joined = false;
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
		} as ConnectionOptions; // the types lack the last option
	}

	/** Maximal size of a message in bytes. */
	get maxPayload(): number {
		return this.#nats?.info?.max_payload ?? MIN_PAYLOAD;
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

	/** Resolves when the node is connected and its name is free; rejects if waiting cannot help. */
	async open(): Promise<void> {
		this.client = await (this.#opening ??= this.#open());
	}
	override async connect(): Promise<void> {
		await this.open();
		this.#joined = true;
		await this.onConnected();
	}
	override async disconnect(): Promise<void> {
		this.#closed = true;
		this.connected = false;
		const client = this.#nats;
		this.client = null;
		await client?.flush().catch(() => undefined); // the server may be gone
		await client?.close();
	}
	/** A request that cannot be sent has reached no node, so that it may be repeated immediately. */
	override async prepublish(packet: Meta["packet"] & Parameters<Transporters.Base["prepublish"]>[0]): Promise<void> {
		const { action = "" } = packet.payload as { readonly action?: string }; // of a request
		if (!this.connected && action) throw new Errors.ServiceNotAvailableError({ action, nodeID: packet.target ?? "" });
		return super.prepublish(packet);
	}
	/** The reply subject makes the server report a request or a ping that has no recipient. */
	override async send(topic: string, data: Buffer, meta: Partial<Meta> = {}): Promise<void> {
		const { type, target, payload } = meta.packet ?? {};
		const requests = target && payload?.id !== undefined && REQUESTING.test(type ?? "");
		this.#nats?.publish(topic, data, requests ? { reply: `${this.#prefix}.unheard.${this.#instance}.${payload.id}.${target}` } : undefined);
	}

	async #open(): Promise<NatsConnection> {
		for (;;) {
			if (this.#closed) throw new Error("The node has left NATS");
			try {
				const client = await connect({ ...this.#options, name: this.nodeID });
				await this.#claimName(client);
				void this.#watch(client);
				return client;
			} catch (error) {
				if (error instanceof NameTaken) throw error;
				const { code = "", message } = error as { readonly code?: string; readonly message: string }; // of the client, or of Node
				this.lastError = code === ErrorCode.ServerOptionNotAvailable ? "the server offers no encryption" : message.replace(/;.*/s, "");
				if (PERMANENT.test(code)) throw new NatsRejected(this.lastError);
				await nodeTimers.wait(RETRY_EVERY);
			}
		}
	}

	/**
	 * The holder of the name answers; a process that died has no connection, so that the server reports no recipient at once. This comes
	 * before any subscription, otherwise requests for the holder would reach this process too.
	 */
	async #claimName(client: NatsConnection): Promise<void> {
		const subject = `${this.#prefix}.name.${this.nodeID}`;
		const holder = await client.request(subject, "", { timeout: NAME_TIMEOUT }).catch(() => null);
		if (holder) {
			await client.close();
			throw new NameTaken(`another node of the cluster is called ${this.nodeID}`);
		}
		client.subscribe(subject, {
			callback: (_error, message) => void (message.string() !== this.#instance && message.respond(this.#claim())),
		});
		client.subscribe(`${this.#prefix}.unheard.${this.#instance}.>`, { callback: (_error, message) => this.#noRecipient(message) });
	}
	/** Ends this process if another one with the same name is older. */
	async resolveNameConflict(): Promise<void> {
		const client = this.#nats;
		const request = client?.request(`${this.#prefix}.name.${this.nodeID}`, this.#instance, { timeout: NAME_TIMEOUT });
		const other = (await request?.catch(() => null))?.json<Claim>();
		if (!other || !this.#isYounger(other)) return;
		this.#closed = true;
		await client?.close(); // without a DISCONNECT packet, which would be about the other one
		this.#exit(`Another node of the cluster is called ${this.nodeID} and is older: this one ends`);
	}
	#isYounger({ instance, age }: Claim): boolean {
		const difference = age - performance.now();
		return Math.abs(difference) > SAME_AGE ? difference > 0 : instance < this.#instance;
	}
	#claim(): string {
		return JSON.stringify({ instance: this.#instance, age: performance.now() } satisfies Claim);
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
