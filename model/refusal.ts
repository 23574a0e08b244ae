/** Refusal - a final no from the domain rules, with a code of the catalog and an HTTP status below 500. Every other error is a failure. */
import { type Code, codeNamed, type Explained } from "./codes.ts";

export interface Refusal {
	readonly refused: true;
	readonly code: string;
	readonly status: number;
	/** One sentence for the reader. */
	readonly detail: string;
}

export const refuse = ({ name, status }: Code, detail: string): Refusal => receivedRefusal(name, status, detail);

/** A refusal that was stored or sent: its code may be of a version that this catalog does not know. */
export const receivedRefusal = (code: string, status: number, detail: string): Refusal => ({ refused: true, code, status, detail });

export const isRefusal = (value: unknown): value is Refusal =>
	typeof value === "object" && value !== null && "refused" in value && value.refused === true;

/** One rule and the code of its refusal. `holds` is pure and sees the situation of the command. */
export interface Invariant<S> {
	readonly code: Code;
	readonly holds: (situation: S) => boolean;
	/** The detail of the refusal, if it names more than the rule. */
	readonly says?: (situation: S) => string;
}

/** A rule that guards a decision, and declares the code of its refusal: by default 409, and the caller corrects the command. */
export const invariant = <S>(
	name: string,
	sentence: string,
	holds: (situation: S) => boolean,
	{
		status = 409,
		then = "Read the actor, and correct the command.",
		says,
	}: Partial<Pick<Explained, "status" | "then">> & Pick<Invariant<S>, "says"> = {},
): Invariant<S> => ({ code: codeNamed(name, { status, means: sentence, then }), holds, ...(says ? { says } : {}) });
