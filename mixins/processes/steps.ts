/** Steps - the folds of a batch for a process: into its subjects, its references, and of interventions by operators. */
import type { AnyProcess } from "../../model/index.ts";
import type { Commit } from "../../store/log.ts";
import { type FoldStep, stepsOf } from "../following/folding.ts";
import { interventionsOf } from "./interventions.ts";
import { referenceRowOf, SUBJECT } from "./rows.ts";

export interface ProcessSteps {
	readonly subjects: readonly FoldStep[];
	readonly references: readonly FoldStep[];
	readonly words: readonly FoldStep[];
}
export function processSteps(manager: AnyProcess, context: string, partition: number, commits: readonly Commit[]): ProcessSteps {
	const { name, subjects, references = {} } = manager;
	return {
		subjects: stepsOf({ ...subjects.start, ...subjects.continue }, context, partition, commits, SUBJECT).map((step) =>
			within(step, "subject"),
		),
		references: Object.entries(references).flatMap(([reference, { on }]) =>
			stepsOf(on, context, partition, commits, referenceRowOf(reference, "")).map((step) => within(step, "reference")),
		),
		words: stepsOf(interventionsOf(name), context, partition, commits, SUBJECT),
	};
}

/** Wraps a fold so that it sees only its field of the row, and keeps the runner's fields. */
function within<T extends { readonly fold: (row: object | null, data: unknown, origin: never) => object | null }>(
	step: T,
	field: "subject" | "reference",
): T {
	const { fold } = step;
	return {
		...step,
		fold: (row: object | null, data: unknown, origin: never) => ({
			...row,
			[field]: fold((row as Readonly<Record<string, object | null>> | null)?.[field] ?? null, data, origin), // our own rows
		}),
	};
}
