/**
 * Certificate - the TLS certificate of a node and its private key. It loads the files again when they change; new connections get the new
 * certificate, and open ones continue. While the files do not fit together, the previous certificate stays in use.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Middleware, ServiceBroker } from "moleculer";
import { Complaint } from "../../common/complaint.ts";

export interface CertificateFiles {
	/** PEM: the certificate of the node first, then those of its issuers. */
	readonly cert: string;
	/** PEM: the private key, not encrypted. */
	readonly key: string;
}
interface Pair {
	readonly cert: Buffer;
	readonly key: Buffer;
}
export interface Context extends Pair {
	readonly minVersion: "TLSv1.2";
}
/** Milliseconds between two looks at the files. Reading them is more reliable than watching them: mounted secrets are replaced by links. */
const CHECK_EVERY = 1000;

const contextOf = ({ cert, key }: Pair): Context => ({ cert, key, minVersion: "TLSv1.2" });

/** Throws if the pair cannot be used; the message has no part of the key. */
function assertUsable(pair: Pair): void {
	attempt("TLS_CERT has no certificate as PEM", () => new X509Certificate(pair.cert));
	attempt("TLS_KEY has no private key as PEM that is not encrypted", () => createPrivateKey(pair.key));
	attempt("TLS_KEY is not the private key of TLS_CERT, or TLS cannot use them", () => createSecureContext(contextOf(pair)));
}
function attempt(otherwise: string, act: () => unknown): void {
	try {
		act();
	} catch {
		throw new Error(otherwise);
	}
}

/** One line for each problem of the files. */
export function certificateProblems({ cert, key }: { readonly [file in keyof CertificateFiles]: string | undefined }): string[] {
	if (cert === undefined && key === undefined) return [];
	if (cert === undefined || key === undefined) return ["TLS_CERT and TLS_KEY belong together: a certificate and its private key"];
	const unreadable = Object.entries({ TLS_CERT: cert, TLS_KEY: key }).filter(([, path]) => contentOf(path) === null);
	if (unreadable.length > 0) return unreadable.map(([name, path]) => `${name} is "${path}": there is no such file that can be read`);
	try {
		assertUsable({ cert: readFileSync(cert), key: readFileSync(key) });
		return [];
	} catch (error) {
		return [error instanceof Error ? error.message : String(error)];
	}
}
function contentOf(path: string): Buffer | null {
	try {
		return readFileSync(path);
	} catch {
		return null;
	}
}

const same = (one: Pair, other: Pair): boolean => one.cert.equals(other.cert) && one.key.equals(other.key);

export class Certificate {
	readonly #files: CertificateFiles;
	readonly #listeners: ((context: Context) => void)[] = [];
	readonly #complaint: Complaint;
	#pair: Pair;
	/** Whether the last look found files that cannot be used. Files are written one after the other, so only the second look complains. */
	#doubtful = false;

	/** Throws if the files cannot be used. */
	constructor(files: CertificateFiles, warn: (line: string) => void) {
		this.#files = files;
		this.#pair = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
		assertUsable(this.#pair);
		this.#complaint = new Complaint("The files of TLS_CERT and TLS_KEY cannot be used, so the previous certificate stays", warn);
	}
	get context(): Context {
		return contextOf(this.#pair);
	}
	/** When the certificate ends. */
	get validUntil(): string {
		return new X509Certificate(this.#pair.cert).validToDate.toISOString();
	}
	onChange(listener: (context: Context) => void): void {
		this.#listeners.push(listener);
	}

	/** Reads the files, and uses them if they have changed. Never rejects; has to be called periodically. Returns whether they have changed. */
	async check(): Promise<boolean> {
		try {
			const [cert, key] = await Promise.all([readFile(this.#files.cert), readFile(this.#files.key)]);
			const changed = !same(this.#pair, { cert, key });
			if (changed) this.#use({ cert, key });
			this.#doubtful = false;
			this.#complaint.fine();
			return changed;
		} catch (error) {
			if (this.#doubtful) this.#complaint.failed(error);
			this.#doubtful = true;
			return false;
		}
	}
	#use(pair: Pair): void {
		assertUsable(pair);
		this.#pair = pair;
		for (const listener of this.#listeners) listener(this.context);
	}
}

const certificates = new WeakMap<ServiceBroker, Certificate>();
/** The certificate of a node; null if it serves plain HTTP. */
export const certificateOf = (broker: ServiceBroker): Certificate | null => certificates.get(broker) ?? null;

/** Loads the certificate before services and other middlewares create their servers. */
export function CertificateMiddleware(files: CertificateFiles): Middleware {
	let checking: NodeJS.Timeout | undefined;
	return {
		name: "Certificate",
		created: (broker: ServiceBroker) => void certificates.set(broker, new Certificate(files, (line) => broker.logger.warn(line))),
		started: async (broker: ServiceBroker) => {
			const certificate = certificateOf(broker);
			const check = async () => {
				if (await certificate?.check()) broker.logger.info(`TLS_CERT has a new certificate, valid until ${certificate?.validUntil}`);
			};
			checking = setInterval(() => void check(), CHECK_EVERY).unref();
		},
		stopped: async () => clearInterval(checking),
	};
}
