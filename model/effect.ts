/**
 * Effect - work outside the system: a letter, a transfer. A port does it, and facts of an actor record the intent and the outcome. It
 * compiles to a process with one command per piece of work, so that deadlines, retries, parking, leases and rebuilds apply to it.
 *
 * A port promises how it treats the key of the work, which is the id of that command and never changes:
 * - `once`: it remembers keys. It is called again with the same key until the outcome is clear: exactly once.
 * - `lookup`: it finds the work of a key. Before the first call, a fact records the attempt; after a crash or an unclear outcome the
 *   key is looked up first: exactly once, if a lookup sees every earlier call.
 * - `never`: it knows no keys (SMTP). A fact records the attempt before the call; after a crash or an unclear outcome it is not called
 *   again, a fact records the doubt, and a person decides: at most once.
 */
import type { Commands } from "./define.ts";
import type { AnyProcess, Process, Sending } from "./process.ts";
import type { Instant } from "./time.ts";

export type PortPromise = "once" | "lookup" | "never";

/** The work to do: `id` is that of the actor that records it; `cause` distinguishes two jobs of one subject. */
export interface Wanted {
	readonly id: string;
	readonly request: Readonly<Record<string, unknown>>;
	readonly cause: string;
	readonly notBefore?: Instant;
}

/** The params of the commands that record a work. `attempt` identifies the process that attempts; the command returns it (`recordsAttempt`). */
export interface EffectRecords {
	readonly attempted: { readonly id: string; readonly attempt: string };
	/** `receipt`: the port's own name of the work. */
	readonly succeeded: { readonly id: string; readonly receipt: string };
	readonly failed: { readonly id: string; readonly code: string; readonly detail: string };
	readonly doubted: { readonly id: string; readonly detail: string };
}
type Recording<P> = { [K in keyof Commands]: P extends Commands[K] ? K : never }[keyof Commands] & string;
type Records<N extends keyof EffectRecords> = { readonly [K in N]: Recording<EffectRecords[K]> };
type Promised =
	| { readonly promise: "once"; readonly records: Records<"succeeded" | "failed"> }
	| { readonly promise: "lookup"; readonly records: Records<"attempted" | "succeeded" | "failed"> }
	| { readonly promise: "never"; readonly records: Records<"attempted" | "succeeded" | "failed" | "doubted"> };

export type Effect<S extends object, F extends object, R extends Readonly<Record<string, object>>> = Omit<
	Process<S, F, R>,
	"next" | "sends"
> & {
	/** Name of the port, a service. */
	readonly port: string;
	/** The work to do; null if there is none, or it is done or doubted. */
	readonly wanted: (subject: S, references: { readonly [N in keyof R]: R[N] | null }) => Wanted | null;
} & Promised;

/** An effect as the mixins see it. */
export interface AnyEffect extends Omit<AnyProcess, "next" | "sends"> {
	readonly port: string;
	readonly promise: PortPromise;
	readonly records: { readonly [K in keyof EffectRecords]?: string };
	wanted(subject: object, references: Readonly<Record<string, object | null>>): Wanted | null;
}

/** Binds the statement of an effect to the types of its rows and facts. */
export const effect = <S extends object, F extends object, R extends Readonly<Record<string, object>> = Record<never, never>>(
	statement: Effect<S, F, R>,
): Effect<S, F, R> => statement;

/** The answer of a command that records an attempt: `answer: recordsAttempt("letter.attempted")`. A repeated command answers the first. */
export const recordsAttempt =
	(type: string) =>
	(facts: readonly { readonly type: string; readonly data: unknown }[]): { readonly attempt: string } => {
		const data = facts.find((fact) => fact.type === type)?.data;
		return { attempt: typeof data === "object" && data !== null && "attempt" in data ? String(data.attempt) : "" };
	};

/** The process of an effect: its only command is the work. */
export function processOf(statement: AnyEffect): AnyProcess {
	const { name, follows, subjects, references, port, records } = statement;
	const next: AnyProcess["next"] = (subject, known): readonly Sending[] => {
		const wanted = statement.wanted(subject, known);
		if (!wanted) return [];
		const { cause, notBefore, ...params } = wanted;
		return [{ action: `${port}.perform`, params, cause, ...(notBefore === undefined ? {} : { notBefore }) }];
	};
	return { name, follows, subjects, ...(references ? { references } : {}), sends: Object.values(records), next };
}
