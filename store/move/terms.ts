/** Terms - the types that moving logs and moving rows share: progress, and the reasons why a move ends early. */

/** `total` replaces the first estimate. */
export type Advance = (done: number, total?: number) => void;
/** Runs some work and shows its progress. */
export type Watch = <T>(label: string, total: number, work: (advance: Advance) => Promise<T>) => Promise<T>;

/** The source or the target has the wrong content, so a retry does not help. One line. */
export class MoveRefused extends Error {}
/** The move is incomplete but sound: running it again resumes it. One line. */
export class MoveUnfinished extends Error {}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
