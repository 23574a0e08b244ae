/**
 * Nats - Moleculer's transporter, which makes use of what the connection knows: that a message reached nobody, that what was under way is
 * lost when the connection breaks, that another node has this node's name. What it takes to connect is kept from whoever looks at it.
 */
import { Errors, Transporters } from "moleculer";
import { connect, type ConnectionOptions, ErrorCode, Events, type Msg, type NatsConnection } from "nats";
import { DROPPED } from "./leaving.ts";
import { nodeTimers } from "./timers.ts";

/** How often a server is tried, until there is a connection and after one broke, in milliseconds. */
const TRY_EVERY = 250;
/** How long a server may take to answer, and how often it is asked whether it is still there, in milliseconds. */
const PATIENCE = 3000;
const PING_EVERY = 2000;
/** How long the node that has a name may take to say so, in milliseconds. */
const NAME_PATIENCE = 2000;
/** Milliseconds by which two nodes may be as old as each other: then their instances decide. */
const ALIKE = 2000;
/** What no server says that has its say in its configuration; all else passes. */
const REFUSED = /^(AUTHORIZATION_VIOLATION|SERVER_OPT_NA|TLS)$|CERT|SELF_SIGNED|VERIFY|SSL/;
/** Messages that ask one node for something. */
const ASKING = /^(REQ|PING)$/;

/** The server does not take this node as it is; waiting changes nothing. */
export class NatsRefused extends Error {}
/** Another node of the cluster has this node's name. */
export class NameTaken extends Error {}

interface Sent {
	readonly packet: { readonly type: string; readonly target?: string | null; readonly payload: { readonly id?: string } };
}
/** What a node says of itself to who has its name. */
interface Claim {
	readonly instance: string;
	/** Milliseconds since its process began. */
	readonly age: number;
}

export class NatsTransporter extends Transporters.NATS {
	readonly #options: ConnectionOptions;
	#open: Promise<NatsConnection> | null = null;
	#closed = false;
	#joined = false;
	/** Why there is no connection yet. */
	trouble: string | null = null;
	/** Connections so far. */
	connections = 0;

	constructor(options: ConnectionOptions) {
		super({});
		this.#options = {
			...options,
			timeout: PATIENCE,
			pingInterval: PING_EVERY,
			reconnectTimeWait: TRY_EVERY,
			reconnectJitterTLS: 100,
			maxReconnectAttempts: -1,
			ignoreAuthErrorAbort: true, // who it is may be put right while it tries
		} as ConnectionOptions; // the types leave the last one out
	}

	/** Bytes of one message; as little as any server takes while none is known. */
	get mostBytes(): number {
		return this.#nats?.info?.max_payload ?? 1024;
	}
	get #nats(): NatsConnection | null {
		return this.client as NatsConnection | null; // moleculer leaves it untyped
	}
	get #prefix(): string {
		return `${this.prefix}.NODE`;
	}

	/** Resolves once there is a connection and nobody else has this node's name; rejects where that cannot come about by waiting. */
	async open(): Promise<void> {
		this.client = await (this.#open ??= this.#connected());
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
		await client?.flush().catch(() => undefined); // there may be no server
		await client?.close();
	}
	/** What cannot be sent now was heard by nobody, and can be sent again. */
	override async prepublish(packet: Sent["packet"] & Parameters<Transporters.Base["prepublish"]>[0]): Promise<void> {
		const { action = "" } = packet.payload as { readonly action?: string }; // of a request
		if (!this.connected && action) throw new Errors.ServiceNotAvailableError({ action, nodeID: packet.target ?? "" });
		return super.prepublish(packet);
	}
	/** A request or a ping that reaches nobody comes back. */
	override async send(topic: string, data: Buffer, meta: Partial<Sent> = {}): Promise<void> {
		const { type, target, payload } = meta.packet ?? {};
		const asks = target && payload?.id !== undefined && ASKING.test(type ?? "");
		this.#nats?.publish(
			topic,
			data,
			asks ? { reply: `${this.#prefix}.unheard.${this.broker.instanceID}.${payload.id}.${target}` } : undefined,
		);
	}

	async #connected(): Promise<NatsConnection> {
		for (;;) {
			if (this.#closed) throw new Error("This node has left NATS");
			try {
				const client = await connect({ ...this.#options, name: this.nodeID });
				await this.#name(client);
				void this.#watch(client);
				return client;
			} catch (error) {
				if (error instanceof NameTaken) throw error;
				const { code = "", message } = error as { readonly code?: string; readonly message: string }; // of the client, or of Node
				this.trouble = code === ErrorCode.ServerOptionNotAvailable ? "the server offers no encryption" : message.replace(/;.*/s, "");
				if (REFUSED.test(code)) throw new NatsRefused(this.trouble);
				await nodeTimers.wait(TRY_EVERY);
			}
		}
	}

	/** Whoever has the name says so; a node that died has none, as its connection went with it. Before anything else, or what is asked of the other would be asked of this one too. */
	async #name(client: NatsConnection): Promise<void> {
		const subject = `${this.#prefix}.name.${this.nodeID}`;
		const holder = await client.request(subject, "", { timeout: NAME_PATIENCE }).catch(() => null);
		if (holder) {
			await client.close();
			throw new NameTaken(`another node of the cluster is called ${this.nodeID}`);
		}
		client.subscribe(subject, {
			callback: (_error, message) => void (message.string() !== this.#instance && message.respond(this.#claim())),
		});
		client.subscribe(`${this.#prefix}.unheard.${this.#instance}.>`, { callback: (_error, message) => this.#unheard(message) });
	}
	/** Two have come to have one name: the one that began later has to go. */
	async contest(): Promise<void> {
		const client = this.#nats;
		const asked = client?.request(`${this.#prefix}.name.${this.nodeID}`, this.#instance, { timeout: NAME_PATIENCE });
		const other = (await asked?.catch(() => null))?.json<Claim>();
		if (!other || !this.#yields(other)) return;
		this.#closed = true;
		await client?.close(); // without a word to the others, who know the one that stays by this name
		this.#end(`Another node of the cluster is called ${this.nodeID}, and was there before: this one ends`);
	}
	#end(why: string): never {
		this.broker.logger.fatal(why);
		process.exit(1); // what it has acknowledged is on the disk
	}
	#yields({ instance, age }: Claim): boolean {
		const difference = age - performance.now();
		return Math.abs(difference) > ALIKE ? difference > 0 : instance < this.#instance;
	}
	#claim(): string {
		return JSON.stringify({ instance: this.#instance, age: performance.now() } satisfies Claim);
	}
	get #instance(): string {
		return this.broker.instanceID;
	}

	/** The node it was sent to is not connected, so the request was never heard, and can be asked of another at once. */
	#unheard({ subject, headers }: Msg): void {
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
			if (type === Events.Reconnect) this.#again();
		}
		const reason = await client.closed();
		if (!this.#closed) this.#end(`The connection to NATS has ended for good: ${reason?.message ?? "nobody says why"}`);
	}
	/** Nothing that is sent now goes anywhere, and no answer to what was sent comes back. */
	#dropped(): void {
		this.connected = false;
		for (const { id, local } of this.broker.registry.nodes.toArray()) if (!local) this.transit.removePendingRequestByNodeID(id);
		this.broker.localBus.emit(DROPPED);
	}
	/** Everybody learns that this node is back, and that answers it sent meanwhile are lost. */
	#again(): void {
		this.connections++;
		if (!this.#joined) return;
		void this.onConnected(true);
		void this.transit.discoverer.sendHeartbeat();
	}
}
