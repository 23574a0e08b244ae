/**
 * Guard - keeps secrets out of the log. A command with a secret field (model/params.ts) is decided with the value that the guard puts in
 * its place: the hash of a password, or the digest of a token that the guard has made.
 */
import type { Context } from "moleculer";
import type { Model, Refusal } from "../../model/index.ts";
import type { Done } from "./envelope.ts";

type Params = Readonly<Record<string, unknown>>;
/** A valid command before its decision. */
export interface Guarded {
	readonly command: string;
	readonly params: Params & { readonly id: string };
	readonly commandId: string;
	/** Digest of the content without the secret, if the caller chose the command id. */
	readonly digest: string | undefined;
}
/** The same command without the secret. */
export interface Kept {
	readonly params: Params & { readonly id: string };
	/** Digest of the whole content. */
	readonly digest?: string | undefined;
	/** Added to the answer if the command wrote something: the only time that a secret leaves the system. */
	readonly once?: Readonly<Record<string, unknown>>;
}
export type Guard = (ctx: Context, guarded: Guarded) => Promise<Kept>;
/** The guard of one call. */
export type Guarding = (guarded: Guarded) => Promise<Kept>;

/** The names of the commands with a secret field. */
export const guardedIn = ({ commands }: Model): ReadonlySet<string> =>
	new Set(Object.keys(commands).filter((name) => secretsOf(commands[name]?.shape ?? {}).length > 0));
/** The fields whose value the log must not hold. */
export const secretsOf = (shape: Model["commands"][string]["shape"]): string[] =>
	Object.keys(shape).filter((name) => shape[name]?.secret !== undefined);

/** The result, with the secret that only this answer contains. */
export const withOnce = (result: Done | Refusal, once: Kept["once"]): Done | Refusal =>
	once && "written" in result && result.written && !result.replayed ? { ...result, answer: { ...result.answer, ...once } } : result;
