/**
 * NatsAccess - where NATS is, as whom a node connects, and how the connection is encrypted. A connection that is meant to be encrypted is
 * never made in clear, and no password is kept where somebody could ask for it.
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

/** Paths of what is not in the URL, by the name of their setting. */
export interface NatsFiles {
	readonly NATS_CREDS?: string | undefined;
	readonly NATS_CA?: string | undefined;
	readonly NATS_CERT?: string | undefined;
	readonly NATS_KEY?: string | undefined;
}

const partsOf = (urls: string): string[] => urls.split(/,(?=\s*\w+:\/\/)/).map((url) => url.trim());

/** A URL, or several, as it may be shown: never whom it is asked as, nor its options. */
export const placeOf = (urls: string): string =>
	partsOf(urls)
		.map((url) => url.replace(/^(\w[\w+]*:\/\/)?.*@/s, "$1...@").replace(/\?.*/s, ""))
		.join(",");

/** Whom a node is, as a URL says it. */
interface Named {
	readonly user: string;
	/** Undefined where there is a token instead of a name. */
	readonly password: string | undefined;
}
interface Place extends Partial<Named> {
	readonly encrypted: boolean;
	/** With its port, where one is given. */
	readonly host: string;
	readonly name: string;
}

/** Null for what is no URL of a NATS server. */
function placeIn(text: string): Place | null {
	try {
		const { protocol, host, hostname, username, password } = new URL(text);
		if (!["nats:", "tls:"].includes(protocol) || /^$|,/.test(hostname)) return null;
		const named =
			username === "" ? {} : { user: decodeURIComponent(username), password: password === "" ? undefined : decodeURIComponent(password) };
		return { encrypted: protocol === "tls:", host, name: hostname.replace(/^\[|\]$/g, ""), ...named };
	} catch {
		return null; // also where a percent sign stands for nothing
	}
}

/** What is wrong, a line each. */
export function natsProblems(urls: string | undefined, files: NatsFiles): string[] {
	const complaints: string[] = [];
	const places = urls === undefined ? [] : partsOf(urls).map(placeIn);
	if (urls !== undefined && places.includes(null))
		complaints.push(`NATS_URL is "${placeOf(urls)}": it has to be one or more of nats://host:port`);
	const named = new Set(places.flatMap((place) => (place?.user === undefined ? [] : [JSON.stringify([place.user, place.password])])));
	if (named.size > 1) complaints.push("NATS_URL names more than one user: a node is the same one at every server");
	if (named.size > 0 && files.NATS_CREDS !== undefined)
		complaints.push("NATS_URL names a user, and NATS_CREDS another: only one of them can hold");
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

/** For a client; the files are read anew at each connection. */
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
					} as NonNullable<ConnectionOptions["tls"]>, // handed on to node:tls as it is
				}
			: {}),
	};
}

/** The secret half of an nkey, alone or in a file of credentials. */
const SEED = /^SU[A-Z2-7]+$/m;
/** Read anew each time; says nobody where that fails, for the client ends for good on what throws. */
const fromFile =
	(path: string): Authenticator =>
	(nonce) => {
		try {
			const content = readFileSync(path);
			const seed = content.toString().trim();
			return seed.match(SEED)?.[0] === seed ? nkeyAuthenticator(Buffer.from(seed))(nonce) : credsAuthenticator(content)(nonce);
		} catch {
			return {} as ReturnType<Authenticator>; // what a client without credentials says
		}
	};

/** Functions only: what they know cannot be read off the options. */
function authenticatorOf(places: readonly Place[], { NATS_CREDS }: NatsFiles): Authenticator | undefined {
	if (NATS_CREDS !== undefined) return fromFile(NATS_CREDS);
	const { user, password } = places.find((place) => place.user !== undefined) ?? {};
	if (user === undefined) return undefined;
	return password === undefined ? tokenAuthenticator(user) : usernamePasswordAuthenticator(user, password);
}

/** A server asked for by its address has no name to check: its certificate has to be for one of the addresses. */
const identityOf =
	(addresses: readonly string[]) =>
	(name: string, certificate: PeerCertificate): Error | undefined => {
		const complaints = [...addresses, name].map((one) => checkServerIdentity(one, certificate));
		return complaints.includes(undefined) ? undefined : complaints[0];
	};
