/** Errors - explains errors of the driver and of the server to operators, and recognizes the two error codes that the store handles. */
import { MongoCompatibilityError, MongoInvalidArgumentError, MongoServerError } from "mongodb";

/** Codes of Unauthorized, AuthenticationFailed, and Atlas's AtlasError. */
const REFUSED = [13, 18, 8000];
const DUPLICATE = 11000;
const NOT_IMPLEMENTED = 238;

const hasCode = (error: unknown, code: number): boolean => error instanceof MongoServerError && error.code === code;

/** A unique index, possibly that of `_id`, already has the value. */
export const isDuplicate = (error: unknown): boolean => hasCode(error, DUPLICATE);
/** The server does not support this option. */
export const isUnknownOption = (error: unknown): boolean => hasCode(error, NOT_IMPLEMENTED);

/** Retries an upsert that failed because a concurrent one inserted the document. */
export const settled = <T>(upsert: () => Promise<T>): Promise<T> =>
	upsert().catch((error: unknown) => (isDuplicate(error) ? upsert() : Promise.reject(error)));

/** A short reason without hosts or values quoted by the server, because clients see it. */
export function reasonOf(error: unknown): string {
	if (error instanceof SyntaxError) return "a row is not JSON";
	if (error instanceof MongoInvalidArgumentError) return "too large for a document"; // the driver rejects it before sending
	if (error instanceof Error && error.cause instanceof MongoCompatibilityError) return "the server is too old or too new for the driver";
	if (!(error instanceof MongoServerError) || error.code === undefined) return "no answer"; // a connection error in a bulk write has no code
	const name = String(error.codeName ?? `error ${error.code}`);
	return REFUSED.includes(Number(error.code)) ? `the user is refused (${name}): it needs readWrite on the database` : name;
}
