/**
 * NATS access - reads the servers, the credentials and the TLS settings of the connection to NATS. A connection that is configured for TLS
 * never falls back to plain text, and credentials are kept in functions, so that they cannot be printed.
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import {
	type Authenticator,
	type ConnectionOptions,
	credsAuthenticator,
	nkeyAuthenticator,
	tokenAuthenticator,
	usernamePasswordAuthenticator,
} from "nats";

/** Paths of credentials and certificates, by setting. */
export interface NatsFiles {
	readonly NATS_CREDS?: string | undefined;
	readonly NATS_CA?: string | undefined;
	readonly NATS_CERT?: string | undefined;
	readonly NATS_KEY?: string | undefined;
}

const partsOf = (urls: string): string[] => urls.split(/,(?=\s*\w+:\/\/)/).map((url) => url.trim());

/** One or more URLs without credentials and options, for logs and errors. */
export const placeOf = (urls: string): string =>
	partsOf(urls)
		.map((url) => url.replace(/^(\w[\w+]*:\/\/)?.*@/s, "$1...@").replace(/\?.*/s, ""))
		.join(",");

interface Credentials {
	/** A user, or a token if there is no password. */
	readonly user: string;
	readonly password: string | undefined;
}
interface NatsAddress extends Partial<Credentials> {
	readonly encrypted: boolean;
	/** Includes the port if there is one. */
	readonly host: string;
	readonly name: string;
}

/** Null if the text is not the URL of a NATS server. */
function placeIn(text: string): NatsAddress | null {
	try {
		const { protocol, host, hostname, username, password } = new URL(text);
		if (!["nats:", "tls:"].includes(protocol) || /^$|,/.test(hostname)) return null;
		const named =
			username === "" ? {} : { user: decodeURIComponent(username), password: password === "" ? undefined : decodeURIComponent(password) };
		return { encrypted: protocol === "tls:", host, name: hostname.replace(/^\[|\]$/g, ""), ...named };
	} catch {
		return null; // also for an invalid percent escape
	}
}

/** One line per problem. */
export function natsProblems(urls: string | undefined, files: NatsFiles): string[] {
	const complaints: string[] = [];
	const places = urls === undefined ? [] : partsOf(urls).map(placeIn);
	if (urls !== undefined && places.includes(null))
		complaints.push(`NATS_URL is "${placeOf(urls)}": it has to be one or more of nats://host:port`);
	const named = new Set(places.flatMap((place) => (place?.user === undefined ? [] : [JSON.stringify([place.user, place.password])])));
	if (named.size > 1) complaints.push("NATS_URL has different credentials: all servers must get the same");
	if (named.size > 0 && files.NATS_CREDS !== undefined)
		complaints.push("NATS_URL has credentials, and NATS_CREDS is set too: use one of them");
	if ((files.NATS_CERT === undefined) !== (files.NATS_KEY === undefined))
		complaints.push("NATS_CERT and NATS_KEY belong together: a certificate and its private key");
	for (const [name, path] of Object.entries(files))
		if (path !== undefined && contentOf(path) === null) complaints.push(`${name} is "${path}": there is no such file that can be read`);
	const creds = files.NATS_CREDS === undefined ? null : contentOf(files.NATS_CREDS);
	if (creds && !creds.toString().match(SEED))
		complaints.push(`NATS_CREDS is "${files.NATS_CREDS}": it holds neither credentials nor the seed of an nkey`);
	return complaints;
}
function contentOf(path: string): Buffer | null {
	try {
		return readFileSync(path);
	} catch {
		return null;
	}
}

/** Client options; the files are read again for each connection. */
export function connectionOf(urls: string, files: NatsFiles): ConnectionOptions {
	const places = partsOf(urls).flatMap((url) => placeIn(url) ?? []);
	const { NATS_CA: caFile, NATS_CERT: certFile, NATS_KEY: keyFile } = files;
	const encrypted = places.some((place) => place.encrypted) || caFile !== undefined || certFile !== undefined;
	const authenticator = authenticatorOf(places, files);
	return {
		servers: places.map(({ host }) => host),
		...(authenticator ? { authenticator } : {}),
		...(encrypted
			? {
					tls: {
						...(caFile === undefined ? {} : { caFile }),
						...(certFile === undefined ? {} : { certFile }),
						...(keyFile === undefined ? {} : { keyFile }),
						checkServerIdentity: identityOf(places.map(({ name }) => name).filter((name) => isIP(name) > 0)),
					} as NonNullable<ConnectionOptions["tls"]>, // passed on to node:tls
				}
			: {}),
	};
}

/** An nkey seed, alone or in a credentials file. */
const SEED = /^SU[A-Z2-7]+$/m;
/** Returns no credentials if the file is unreadable: the client would stop for good if this threw. */
const fromFile =
	(path: string): Authenticator =>
	(nonce) => {
		try {
			const content = readFileSync(path);
			const seed = content.toString().trim();
			return seed.match(SEED)?.[0] === seed ? nkeyAuthenticator(Buffer.from(seed))(nonce) : credsAuthenticator(content)(nonce);
		} catch {
			return {} as ReturnType<Authenticator>; // an anonymous client
		}
	};

function authenticatorOf(places: readonly NatsAddress[], { NATS_CREDS }: NatsFiles): Authenticator | undefined {
	if (NATS_CREDS !== undefined) return fromFile(NATS_CREDS);
	const { user, password } = places.find((place) => place.user !== undefined) ?? {};
	if (user === undefined) return undefined;
	return password === undefined ? tokenAuthenticator(user) : usernamePasswordAuthenticator(user, password);
}

/** A server that is addressed by its IP has no name to verify: its certificate must be valid for one of the addresses. */
const identityOf =
	(addresses: readonly string[]) =>
	(name: string, certificate: PeerCertificate): Error | undefined => {
		const errors = [...addresses, name].map((one) => checkServerIdentity(one, certificate));
		return errors.includes(undefined) ? undefined : errors[0];
	};
