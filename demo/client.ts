/**
 * Client - calls a running system over its REST interface, here or on another machine. It keeps few connections open, sends streams with
 * backpressure, and puts the text of a problem answer into its errors.
 */
import { Agent as PlainAgent, type IncomingMessage, request as plainRequest, type RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { pipeline, Readable } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

export interface Answer<T> {
	readonly status: number;
	readonly body: T;
	/** The position to send with a read that must show this write; null if the answer has none. */
	readonly position: string | null;
}
export interface Page<Row> {
	readonly rows: readonly Row[];
	readonly total: number;
	readonly next: string | null;
}

/** The system answered with a refusal (4xx) or a failure (5xx). */
export class NotDone extends Error {
	readonly status: number;
	readonly code: string;
	constructor(what: string, status: number, problem: Problem) {
		super(`${what}: ${explain(status, problem)}`);
		this.status = status;
		this.code = problem.code ?? "";
	}
}
/** The system did not answer. */
export class NotReached extends Error {}

interface Problem {
	readonly code?: string;
	readonly title?: string;
	readonly detail?: string;
	readonly errors?: readonly { readonly field?: string; readonly message?: string }[];
}
interface Sending {
	readonly method: "GET" | "POST";
	readonly path: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Buffer | Readable;
}
type Received = Pick<IncomingMessage, "headers"> & { readonly status: number; readonly text: string };

const ATTEMPTS = 6;
const CONNECTIONS = 32;
/** Approximate size of a piece of an upload, so that one system call sends about a hundred lines. */
const PIECE_LENGTH = 16_384;

export class Client {
	readonly url: string;
	readonly #agent: PlainAgent | SecureAgent;
	readonly #request: typeof plainRequest;
	readonly #credentials: { readonly authorization?: string };

	/** @param token of a session or a client. @param url base URL of the interface, e.g. `http://127.0.0.1:3000/api`. Throws an Error if it is not an http(s) URL. */
	constructor(url: string, token?: string) {
		const protocol = URL.canParse(url) ? new URL(url).protocol : "";
		if (protocol !== "http:" && protocol !== "https:")
			throw new Error(`${url} is not the URL of a system, such as http://127.0.0.1:3000/api`);
		this.url = url.replace(/\/+$/, "");
		this.#agent = new (protocol === "https:" ? SecureAgent : PlainAgent)({ keepAlive: true, maxSockets: CONNECTIONS });
		this.#credentials = token === undefined ? {} : { authorization: `Bearer ${token}` };
		this.#request = protocol === "https:" ? secureRequest : plainRequest;
	}

	get<T>(path: string, position: string | null = null): Promise<Answer<T>> {
		return this.#ask({ method: "GET", path, ...(position !== null && { headers: { "x-position": position } }) });
	}

	post<T>(path: string, body: object = {}): Promise<Answer<T>> {
		return this.send(path, "application/json", JSON.stringify(body));
	}

	/** Sends a whole body at once; retries while the system answers 503 or 429. */
	send<T>(path: string, contentType: string, body: string | Buffer): Promise<Answer<T>> {
		return this.#ask({ method: "POST", path, headers: { "content-type": contentType }, body });
	}

	/**
	 * Sends NDJSON of any length, and reads a line only when the system accepts more. An error of `lines` ends the upload and is thrown here.
	 */
	async stream<T>(path: string, lines: AsyncIterable<object> | Iterable<object>): Promise<Answer<T>> {
		const broken: unknown[] = [];
		const body = Readable.from(pieces(lines, broken), { highWaterMark: 2 });
		const sending: Sending = { method: "POST", path, headers: { "content-type": "application/x-ndjson" }, body };
		const received = await this.#exchange(sending).catch((error: unknown) => {
			throw broken.length > 0 ? broken[0] : error;
		});
		return understand(sending, received);
	}

	/** Yields every row of a list, page by page. */
	async *rows<Row>(list: string, position: string | null = null): AsyncGenerator<Row> {
		const query = `${list}${list.includes("?") ? "&" : "?"}pageSize=100`;
		for (let more: string | null = ""; more !== null;) {
			const { body }: Answer<Page<Row>> = await this.get(query + more, position);
			yield* body.rows;
			more = body.next === null ? null : `&after=${encodeURIComponent(body.next)}`;
		}
	}

	async total(list: string, position: string | null = null): Promise<number> {
		const { body } = await this.get<Page<unknown>>(`${list}${list.includes("?") ? "&" : "?"}pageSize=1`, position);
		return body.total;
	}

	close(): void {
		this.#agent.destroy();
	}

	async #ask<T>(sending: Sending): Promise<Answer<T>> {
		for (let attempt = 1; ; attempt++) {
			const received = await this.#exchange(sending);
			if ((received.status !== 503 && received.status !== 429) || attempt === ATTEMPTS) return understand(sending, received);
			const seconds = Number(received.headers["retry-after"] ?? 1);
			await pause(Math.min(Number.isFinite(seconds) ? seconds : 1, 10) * 1000);
		}
	}

	#exchange({ method, path, headers, body }: Sending): Promise<Received> {
		const { promise, resolve, reject } = Promise.withResolvers<Received>();
		const length = body === undefined || body instanceof Readable ? {} : { "content-length": Buffer.byteLength(body) };
		const options: RequestOptions = { method, agent: this.#agent, headers: { ...this.#credentials, ...headers, ...length } };
		let answering = false;
		const outgoing = this.#request(this.url + path, options, (incoming) => {
			answering = true;
			readText(incoming).then((text) => {
				resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
				if (body instanceof Readable) body.destroy(); // a refusal may come before the last line is sent
			}, reject);
		});
		// The upload may break because the answer came first; then the answer counts.
		outgoing.on("error", (reason: NodeJS.ErrnoException) => {
			if (!answering) reject(new NotReached(`no answer from ${this.url}: ${reason.code ?? reason.message}`, { cause: reason }));
		});
		if (body instanceof Readable) pipeline(body, outgoing, () => undefined);
		else outgoing.end(body);
		return promise;
	}
}

/** Runs `work` on the items in order, up to `width` at a time; throws the first failure. */
export async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
	const queue = items.values();
	const worker = async (): Promise<void> => {
		for (const item of queue) await work(item);
	};
	await Promise.all(Array.from({ length: width }, worker));
}

/** Records an error of `lines` in `broken`, because the error of the broken request does not contain it. */
async function* pieces(lines: AsyncIterable<object> | Iterable<object>, broken: unknown[]): AsyncGenerator<Buffer> {
	let piece = "";
	try {
		for await (const line of lines) {
			piece += `${JSON.stringify(line)}\n`;
			if (piece.length < PIECE_LENGTH) continue;
			yield Buffer.from(piece);
			piece = "";
		}
	} catch (error) {
		broken.push(error);
		throw error;
	}
	if (piece !== "") yield Buffer.from(piece);
}

function understand<T>({ method, path }: Sending, { status, headers, text }: Received): Answer<T> {
	const what = `${method} ${path}`;
	const body: unknown = /\bjson\b/.test(headers["content-type"] ?? "") ? parse(text) : undefined;
	if (status < 200 || status > 299) throw new NotDone(what, status, body ?? {});
	if (typeof body !== "object" || body === null)
		throw new NotDone(what, status, { detail: "the answer is not JSON: is this the URL of a system, ending in /api?" });
	const position = headers["x-position"];
	const asked = body as T; // the caller knows the type of its request
	return { status, body: asked, position: typeof position === "string" ? position : null };
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function explain(status: number, { code, title, detail, errors = [] }: Problem): string {
	const fields = errors.map(({ field, message }) => [field, message].filter(Boolean).join(" ")).join("; ");
	return [[status, code].filter(Boolean).join(" "), detail ?? title, fields].filter(Boolean).join(" - ");
}
