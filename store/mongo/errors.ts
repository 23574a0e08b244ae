/** Errors - explains errors of the driver and of the server to operators, and recognizes the two error codes that the store handles. */
import { MongoCompatibilityError, MongoInvalidArgumentError, MongoServerError } from "mongodb";

/** Unauthorized, AuthenticationFailed, and Atlas's own. */
const REFUSED = [13, 18, 8000];
const DUPLICATE = 11000;
const NOT_IMPLEMENTED = 238;

const hasCode = (error: unknown, code: number): boolean => error instanceof MongoServerError && error.code === code;

/** A unique index, _id included, has it already. */
export const isDuplicate = (error: unknown): boolean => hasCode(error, DUPLICATE);
/** The server does not know this option. */
export const isUnknownOption = (error: unknown): boolean => hasCode(error, NOT_IMPLEMENTED);

/** An upsert that two make at once fails for one of them; what it was about is there then. */
export const settled = <T>(upsert: () => Promise<T>): Promise<T> =>
	upsert().catch((error: unknown) => (isDuplicate(error) ? upsert() : Promise.reject(error)));

/** In short, without hosts and without what the server quotes: clients read it too. */
export function reasonOf(error: unknown): string {
	if (error instanceof SyntaxError) return "a row is no JSON";
	if (error instanceof MongoInvalidArgumentError) return "more than a document can hold"; // the driver has looked at it, no server has
	if (error instanceof Error && error.cause instanceof MongoCompatibilityError) return "the server is too old or too new for the driver";
	if (!(error instanceof MongoServerError) || error.code === undefined) return "no answer"; // what breaks a bulk write is one without a code
	const name = String(error.codeName ?? `error ${error.code}`);
	return REFUSED.includes(Number(error.code)) ? `the user is refused (${name}): it needs readWrite on the database` : name;
}
