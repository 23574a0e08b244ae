/** Terms - what moving logs and moving rows have in common: how it is told how far they are, and why a move ends early. */

/** `total` may turn out larger on the way. */
export type Advance = (done: number, total?: number) => void;
/** Shows how far a piece of work is while it runs. */
export type Watch = <T>(label: string, total: number, work: (advance: Advance) => Promise<T>) => Promise<T>;

/** What is there is not what it has to be: going on, or the same once more, does not help. One line. */
export class MoveRefused extends Error {}
/** Everything is well, but not at its end: the same once more goes on. One line. */
export class MoveUnfinished extends Error {}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
