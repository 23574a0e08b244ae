/**
 * Wire - a server with MongoDB's protocol and scripted answers, for faults that no real server shows on demand: too old, refusing a user,
 * without a majority, or silent.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { BSON, type Document } from "mongodb";

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

/** Answers a command; undefined sends no answer. */
export type Answer = (command: Document) => Document | undefined;

/** The `hello` answer of the primary of a replica set. */
const willing = (address: string): Document => ({
	ok: 1,
	helloOk: true,
	isWritablePrimary: true,
	ismaster: true,
	setName: "wire",
	setVersion: 1,
	hosts: [address],
	primary: address,
	me: address,
	minWireVersion: 0,
	maxWireVersion: 21,
	maxBsonObjectSize: 16_777_216,
	maxMessageSizeBytes: 48_000_000,
	maxWriteBatchSize: 100_000,
	logicalSessionTimeoutMinutes: 30,
});

export class WireServer {
	/** Received commands in order, except those for server discovery. */
	readonly commands: Document[] = [];
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #answer: Answer;
	readonly #hello: Document;

	private constructor(answer: Answer, hello: Document) {
		this.#answer = answer;
		this.#hello = hello;
		this.#server = createServer((socket) => this.#accept(socket));
	}
	/** `hello`: additional fields of the `hello` answer. */
	static async start(answer: Answer, hello: Document = {}): Promise<WireServer> {
		const wire = new WireServer(answer, hello);
		wire.#server.listen(0, "127.0.0.1");
		await once(wire.#server, "listening");
		return wire;
	}
	get address(): string {
		return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on TCP
	}
	get url(): string {
		return `mongodb://${this.address}/wire`;
	}
	named(name: string): Document[] {
		return this.commands.filter((command) => name in command);
	}
	async stop(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		this.#server.close();
		await once(this.#server, "close");
	}

	#accept(socket: Socket): void {
		this.#sockets.add(socket);
		socket.on("error", () => undefined);
		socket.once("close", () => this.#sockets.delete(socket));
		let bytes = Buffer.alloc(0);
		socket.on("data", (chunk: Buffer) => {
			bytes = Buffer.concat([bytes, chunk]);
			for (let size = bytes.readInt32LE(0); bytes.length >= size; size = bytes.length >= 4 ? bytes.readInt32LE(0) : Infinity) {
				this.#message(socket, bytes.subarray(0, size));
				bytes = bytes.subarray(size);
			}
		});
	}

	#message(socket: Socket, message: Buffer): void {
		const [id, operation] = [message.readInt32LE(4), message.readInt32LE(12)];
		const command = operation === OP_QUERY ? queryIn(message) : commandIn(message);
		const greeting = ["hello", "ismaster", "isMaster"].some((name) => name in command);
		if (!greeting && !("endSessions" in command)) this.commands.push(command);
		const said = greeting ? { ...willing(this.address), ...this.#hello } : "endSessions" in command ? { ok: 1 } : this.#answer(command);
		if (said) socket.write(operation === OP_QUERY ? replyTo(id, said) : messageTo(id, said));
	}
}

function queryIn(message: Buffer): Document {
	const start = message.indexOf(0, 20) + 9; // flags, the collection's name, and two numbers
	return BSON.deserialize(message.subarray(start, start + message.readInt32LE(start)));
}
/** The command in a message: its body, with its document sequences. */
function commandIn(message: Buffer): Document {
	let command: Document = {};
	for (let at = 20; at < message.length;) {
		const size = message.readInt32LE(at + 1);
		const section = message.subarray(at + 1, at + 1 + size);
		if (message[at] === 0) command = { ...BSON.deserialize(section), ...command };
		else {
			const named = section.indexOf(0, 4);
			const documents: Document[] = [];
			for (let next = named + 1; next < size; next += section.readInt32LE(next))
				documents.push(BSON.deserialize(section.subarray(next, next + section.readInt32LE(next))));
			command = { ...command, [section.toString("utf8", 4, named)]: documents };
		}
		at += 1 + size;
	}
	return command;
}

const framed = (id: number, operation: number, ...parts: readonly Uint8Array[]): Buffer => {
	const body = Buffer.concat(parts);
	const head = Buffer.alloc(16);
	head.writeInt32LE(16 + body.length, 0);
	head.writeInt32LE(id, 8);
	head.writeInt32LE(operation, 12);
	return Buffer.concat([head, body]);
};
const messageTo = (id: number, said: Document): Buffer => framed(id, OP_MSG, Buffer.alloc(5), BSON.serialize(said));
function replyTo(id: number, said: Document): Buffer {
	const head = Buffer.alloc(20);
	head.writeInt32LE(1, 16);
	return framed(id, OP_REPLY, head, BSON.serialize(said));
}
