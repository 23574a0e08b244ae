/**
 * Codes - the catalog of codes: each refusal and failure has one, with its HTTP status, its meaning, and the next step of the caller. A
 * refusal is a final no from the domain rules, with a status below 500; every other error is a failure.
 */

export interface Explained<Status extends number = number> {
	readonly status: Status;
	/** Its meaning, for a reader of the reference. */
	readonly means: string;
	/** The next step of the caller. */
	readonly then: string;
}

/** One code. The private field makes the type nominal: no object literal is a code, so an undeclared code does not compile. */
class Entry<Name extends string, Status extends number> implements Explained<Status> {
	readonly #name: Name;
	readonly status: Status;
	readonly means: string;
	readonly then: string;

	constructor(name: Name, { status, means, then }: Explained<Status>) {
		this.#name = name;
		this.status = status;
		this.means = means;
		this.then = then;
	}
	/** `RADAR_UNKNOWN`: the `code` in an answer. It never changes. */
	get name(): Name {
		return this.#name;
	}
}
export type Code<Name extends string = string, Status extends number = number> = Entry<Name, Status>;
export type Codes = Readonly<Record<string, Code>>;

/** Declares one code. */
export const codeNamed = <const Name extends string, const Status extends number>(
	name: Name,
	explained: Explained<Status>,
): Code<Name, Status> => new Entry(name, explained);

/** Declares codes by name: `codes({ LINE_MALFORMED: { status: 422, means: "...", then: "..." } })`. */
export const codes = <const T extends Readonly<Record<string, Explained>>>(
	explained: T,
): { readonly [Name in keyof T & string]: Code<Name, T[Name]["status"]> } =>
	Object.fromEntries(Object.entries(explained).map(([name, one]) => [name, codeNamed(name, one)])) as never; // every name of T, with its own status

/** Whether a value holds declared codes by name. */
export const isCodes = (value: object): value is Codes => {
	const all = Object.values(value);
	return all.length > 0 && all.every((one) => one instanceof Entry);
};

/** `Radar unknown` for `RADAR_UNKNOWN`: the title of a problem. */
export const titleOf = (name: string): string => `${name.slice(0, 1)}${name.slice(1).toLowerCase().replaceAll("_", " ")}`;

/** `VEHICLE_ROW` for `vehicleRow`. */
export const screaming = (name: string): string =>
	name
		.replace(/([a-z0-9])([A-Z])/g, "$1_$2")
		.replace(/-/g, "_")
		.toUpperCase();

// -- Refusals
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
