/** ProcessSteps - what commits tell a process: about its pieces of work, about what they depend on, and what a person said of them. */
import type { AnyProcess } from "../../model/index.ts";
import type { Commit } from "../../store/log.ts";
import { type Step, stepsOf } from "../following/folding.ts";
import { interventionsOf } from "./interventions.ts";
import { REFERENCE, SUBJECT } from "./rows.ts";

export interface ProcessSteps {
	readonly subjects: readonly Step[];
	readonly references: readonly Step[];
	readonly words: readonly Step[];
}
export function processSteps(process: AnyProcess, context: string, partition: number, commits: readonly Commit[]): ProcessSteps {
	const { name, subjects, references } = process;
	return {
		subjects: stepsOf({ ...subjects.start, ...subjects.continue }, context, partition, commits, SUBJECT).map((step) =>
			within(step, "subject"),
		),
		references: stepsOf(references.on, context, partition, commits, REFERENCE).map((step) => within(step, "reference")),
		words: stepsOf(interventionsOf(name), context, partition, commits, SUBJECT),
	};
}

/** Folds work on the inner row; the runner's own fields stand around it. */
function within<T extends { readonly fold: (row: object | null, data: unknown, origin: never) => object | null }>(
	step: T,
	field: "subject" | "reference",
): T {
	const { fold } = step;
	return {
		...step,
		fold: (row: object | null, data: unknown, origin: never) => ({
			...row,
			// the runner's own fields
			[field]: fold((row as Readonly<Record<string, object | null>> | null)?.[field] ?? null, data, origin), // our own rows
		}),
	};
}
