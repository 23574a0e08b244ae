/**
 * MongoDB access - reads how this node connects to MongoDB, and refuses settings under which the connection would not be verified, or would
 * not be encrypted although a certificate is configured.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { MongoAccess } from "../../store/mongo/address.ts";

export type { MongoAccess };

export function mongoAccessIn(env: NodeJS.ProcessEnv): MongoAccess {
	const [ca, certKey] = [env["MONGO_CA"], env["MONGO_CERT_KEY"]];
	return {
		caFile: ca ? resolve(ca) : undefined,
		certKeyFile: certKey ? resolve(certKey) : undefined,
		user: env["MONGO_USER"] || undefined,
		password: env["MONGO_PASSWORD"] || undefined,
	};
}
/** The access for a URL that may have credentials of its own, which then count. */
export const accessFor = (url: string, { user, password, ...files }: MongoAccess): MongoAccess =>
	hasCredentials(url) ? files : { user, password, ...files };

const hasCredentials = (url: string): boolean => /^[^/]*\/\/[^/?]*@/.test(url);
/** Names in lower case, as the driver ignores the case. */
function optionsIn(url: string): ReadonlyMap<string, string> {
	const query = /\?(.*)$/s.exec(url)?.[1] ?? "";
	return new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value]));
}

/** Options with which the driver accepts a server that it has not verified. */
const UNVERIFIED = ["tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames"];

/** One line per problem; none has a password. */
export function mongoProblems(url: string | undefined, access: MongoAccess): string[] {
	const { caFile, certKeyFile, user, password } = access;
	const files = [...(caFile === undefined ? [] : ["MONGO_CA"]), ...(certKeyFile === undefined ? [] : ["MONGO_CERT_KEY"])];
	return [
		...(url === undefined ? [] : urlProblems(url, files, user !== undefined)),
		...((user === undefined) !== (password === undefined)
			? ["MONGO_USER and MONGO_PASSWORD belong together: a user and its password"]
			: []),
		...(caFile === undefined ? [] : fileProblems("MONGO_CA", caFile, assertCertificates)),
		...(certKeyFile === undefined ? [] : fileProblems("MONGO_CERT_KEY", certKeyFile, assertPair)),
	];
}
function urlProblems(url: string, files: readonly string[], hasUser: boolean): string[] {
	if (!/^mongodb(\+srv)?:\/\/\S+$/.test(url)) return ["MONGO_URL has to be mongodb://host/database"];
	const options = optionsIn(url);
	const plain = ["tls", "ssl"].find((name) => options.get(name) === "false");
	const unverified = UNVERIFIED.filter((name) => (options.get(name.toLowerCase()) ?? "false") !== "false");
	return [
		...unverified.map((name) => `MONGO_URL has ${name}: a server that is not verified may be any other one; name its issuer in MONGO_CA`),
		...(plain !== undefined && files.length > 0
			? [`MONGO_URL has ${plain}=false, and ${files.join(" and ")} asked for TLS: use one of them`]
			: []),
		...(hasUser && hasCredentials(url) ? ["MONGO_URL has credentials, and MONGO_USER is set too: use one of them"] : []),
	];
}
function fileProblems(name: string, path: string, assert: (content: Buffer) => void): string[] {
	const content = contentOf(path);
	if (content === null) return [`${name} is "${path}": there is no such file that can be read`];
	try {
		assert(content);
		return [];
	} catch {
		return [`${name} is "${path}": ${NEEDED[name]}`];
	}
}
const NEEDED: Readonly<Record<string, string>> = {
	MONGO_CA: "it has to hold certificates as PEM",
	MONGO_CERT_KEY: "it has to hold a certificate and its private key, both as PEM, not encrypted",
};
const assertCertificates = (content: Buffer): void => void new X509Certificate(content);
function assertPair(content: Buffer): void {
	assertCertificates(content);
	createPrivateKey(content);
	createSecureContext({ cert: content, key: content }); // throws if they do not belong together
}
function contentOf(path: string): Buffer | null {
	try {
		return readFileSync(path);
	} catch {
		return null;
	}
}
