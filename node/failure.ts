/** Failure - explains to the operator in one line why a node does not start; unexpected errors keep their stack. */
import { statfsSync } from "node:fs";
import { LogAltered } from "../store/evidence/anchors.ts";
import { KeyUnusable } from "../store/evidence/keys.ts";
import { asError, ForeignInstallation, ForeignParts, MoveBegun, PartitionsFixed, StoreDamaged, StoreUnavailable } from "../store/log.ts";
import { type Settings, SettingsError } from "./settings.ts";

const MEGABYTE = 1024 * 1024;

/** A SettingsError if the cause is the data folder or the database, else the same error. */
export function startFailure(error: unknown, { dataDir, mongoUrl }: Pick<Settings, "dataDir" | "mongoUrl">): unknown {
	if ([PartitionsFixed, KeyUnusable, LogAltered, ForeignInstallation, ForeignParts].some((kind) => error instanceof kind))
		return new SettingsError(asError(error).message);
	if (mongoUrl !== undefined && error instanceof MoveBegun) return new SettingsError(`MONGO_URL: ${error.message}`);
	if (mongoUrl !== undefined && error instanceof StoreUnavailable) return new SettingsError(error.message);
	if (error instanceof MoveBegun) return new SettingsError(`DATA_DIR is "${dataDir}": ${error.message}`);
	if (error instanceof StoreDamaged) return new SettingsError(`DATA_DIR is "${dataDir}": ${error.message}`);
	if (error instanceof StoreUnavailable) return new SettingsError(`DATA_DIR is "${dataDir}": ${error.message}; ${room(dataDir)}`);
	if (error instanceof Error && "syscall" in error)
		return new SettingsError(`DATA_DIR is "${dataDir}": ${error.message}; ${room(dataDir)}`);
	return error;
}

/** The output for the operator: the message of an expected error, else the whole error. */
export function complaintOf(error: unknown): unknown {
	if (error instanceof SettingsError) return error.message;
	const ofArguments = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
	return ofArguments ? `${error.message}; --help explains more` : error;
}

/** The free disk space: a full disk is the most frequent cause, and SQLite does not always report it. */
function room(folder: string): string {
	const { bsize, bavail } = statfsSync(folder);
	return `its disk has ${Math.floor((bsize * bavail) / MEGABYTE)} MB left`;
}
