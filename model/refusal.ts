/** Refusal - a no of the law: final, with a code from the model and an HTTP status below 500. A failure is anything else. */

export interface Refusal {
	readonly refused: true;
	readonly code: string;
	readonly status: number;
	/** One sentence for a person. */
	readonly detail: string;
}

export const refuse = (code: string, status: number, detail: string): Refusal => ({ refused: true, code, status, detail });

export const isRefusal = (value: unknown): value is Refusal =>
	typeof value === "object" && value !== null && "refused" in value && value.refused === true;

/** One sentence of the law and the code of its refusal; `holds` is pure and sees the case a command makes. */
export interface Invariant<Case> {
	readonly code: string;
	readonly sentence: string;
	readonly status: number;
	readonly holds: (facts: Case) => boolean;
}

/** A rule that guards a decision; 409 unless another status is given. */
export const invariant = <Case>(code: string, sentence: string, holds: (facts: Case) => boolean, status = 409): Invariant<Case> => ({
	code,
	sentence,
	status,
	holds,
});

/** `vehicleRow` -> `VEHICLE_ROW`: names become codes by one rule. */
export const codeOf = (name: string): string =>
	name
		.replace(/([a-z0-9])([A-Z])/g, "$1_$2")
		.replace(/-/g, "_")
		.toUpperCase();
