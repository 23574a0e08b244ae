/** Errors - explains errors of the driver and of the server to operators, and recognizes the two error codes that the store handles. */
import { MongoCompatibilityError, MongoInvalidArgumentError, MongoServerError } from "mongodb";

const AUTHENTICATION_FAILED = 18;
/** Codes of Unauthorized, and Atlas's AtlasError. */
const REFUSED = [13, 8000];
const DUPLICATE = 11000;
const MISSING = 26;
const NOT_IMPLEMENTED = 238;

const hasCode = (error: unknown, code: number): boolean => error instanceof MongoServerError && error.code === code;

/** A unique index, possibly that of `_id`, already has the value. */
export const isDuplicate = (error: unknown): boolean => hasCode(error, DUPLICATE);
/** The collection does not exist. */
export const isMissing = (error: unknown): boolean => hasCode(error, MISSING);
/** The server does not support this option. */
export const isUnknownOption = (error: unknown): boolean => hasCode(error, NOT_IMPLEMENTED);

/** Retries an upsert that failed because a concurrent one inserted the document. */
export const settled = <T>(upsert: () => Promise<T>): Promise<T> =>
	upsert().catch((error: unknown) => (isDuplicate(error) ? upsert() : Promise.reject(error)));

/** Reasons of a connection that was not made, by the codes of node:tls and OpenSSL, each with what the operator can do. */
const CONNECTIONS: readonly (readonly [codes: RegExp, reason: string, remedy: string])[] = [
	[
		/^ERR_TLS_CERT_ALTNAME_INVALID$/,
		"the server's certificate is for another host name",
		"MONGO_URL has to name the server as its certificate does",
	],
	[/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, "the server's certificate is not valid now", "renew it, or set the clock"],
	[
		/^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+)$/,
		"the server's certificate is not trusted",
		"MONGO_CA has to hold the certificate of its issuer",
	],
	[
		/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/,
		"the server does not speak TLS",
		"MONGO_CA, MONGO_CERT_KEY or tls=true asks for it",
	],
	[
		/^ERR_SSL_\w*ALERT_\w*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)\w*$/,
		"the server does not accept this node's certificate",
		"MONGO_CERT_KEY has to hold one that it trusts",
	],
];
/** All errors behind an error of the driver. */
function causesOf(error: unknown, depth = 0): readonly unknown[] {
	if (typeof error !== "object" || error === null || depth > MAX_DEPTH) return [];
	const { reason, cause } = error as { reason?: { servers?: unknown }; cause?: unknown }; // a failed selection has an error per server
	const servers = reason?.servers instanceof Map ? [...reason.servers.values()].map((one: { error?: unknown }) => one.error) : [];
	return [error, ...[cause, ...servers].flatMap((one) => causesOf(one, depth + 1))];
}
const MAX_DEPTH = 8;
const connectionFault = (error: unknown) =>
	causesOf(error)
		.map((one) => CONNECTIONS.find(([codes]) => codes.test(String((one as { code?: unknown }).code)))) // an Error
		.find((found) => found !== undefined);

/** A hint for the operator how to mend a failed connection; undefined if there is none. `encrypted`: whether this node asked for TLS. */
export function remedyOf(error: unknown, encrypted: boolean): string | undefined {
	if (hasCode(error, AUTHENTICATION_FAILED)) return "the user, the password or the authSource is wrong";
	return (
		connectionFault(error)?.[2] ??
		(isClosed(error) ? `it closes the connection; ${encrypted ? OTHER_CERTIFICATE : ASKS_FOR_TLS}` : undefined)
	);
}
const ASKS_FOR_TLS = "if it asks for TLS, set MONGO_CA, or tls=true in MONGO_URL";
const OTHER_CERTIFICATE = "it may ask for a certificate, or for another one: MONGO_CERT_KEY";
const isClosed = (error: unknown): boolean =>
	causesOf(error).some((one) => /^connection \S+ to \S+ closed$/.test(String((one as { message?: unknown }).message))); // an Error

/** A short reason without hosts or values quoted by the server, because clients see it. */
export function reasonOf(error: unknown): string {
	if (error instanceof SyntaxError) return "a row is not JSON";
	if (error instanceof MongoInvalidArgumentError) return "too large for a document"; // the driver rejects it before sending
	if (error instanceof Error && error.cause instanceof MongoCompatibilityError) return "the server is too old or too new for the driver";
	if (!(error instanceof MongoServerError) || error.code === undefined) return connectionFault(error)?.[1] ?? "no answer"; // a connection error in a bulk write has no code
	if (error.code === AUTHENTICATION_FAILED) return "the authentication failed";
	const name = String(error.codeName ?? `error ${error.code}`);
	return REFUSED.includes(Number(error.code)) ? `the user is refused (${name}): it needs readWrite on the database` : name;
}
