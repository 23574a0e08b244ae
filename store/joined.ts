/** Joined - one question for all who ask it in the same moment; it is asked after the last of them, so nobody gets an older answer. */
export function joined<T>(ask: () => Promise<T>): () => Promise<T> {
	let next: Promise<T> | null = null;
	return () =>
		(next ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
			next = null;
			return ask();
		}));
}
