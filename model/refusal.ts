/** Refusal - a final no from the domain rules, with a code from the model and an HTTP status below 500. Every other error is a failure. */

export interface Refusal {
	readonly refused: true;
	readonly code: string;
	readonly status: number;
	/** One sentence for the reader. */
	readonly detail: string;
}

export const refuse = (code: string, status: number, detail: string): Refusal => ({ refused: true, code, status, detail });

export const isRefusal = (value: unknown): value is Refusal =>
	typeof value === "object" && value !== null && "refused" in value && value.refused === true;

/** One rule and the code of its refusal. `holds` is pure and sees the case of the command. */
export interface Invariant<Case> {
	readonly code: string;
	readonly sentence: string;
	readonly status: number;
	readonly holds: (facts: Case) => boolean;
}

/** A rule that guards a decision. `status` is the HTTP status of its refusal. */
export const invariant = <Case>(code: string, sentence: string, holds: (facts: Case) => boolean, status = 409): Invariant<Case> => ({
	code,
	sentence,
	status,
	holds,
});

/** `vehicleRow` -> `VEHICLE_ROW`. */
export const codeOf = (name: string): string =>
	name
		.replace(/([a-z0-9])([A-Z])/g, "$1_$2")
		.replace(/-/g, "_")
		.toUpperCase();
