/** Joined - combines simultaneous calls into one. It starts after the last of them, so that no caller gets an older answer. */
export function joined<T>(ask: () => Promise<T>): () => Promise<T> {
	let next: Promise<T> | null = null;
	return () =>
		(next ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
			next = null;
			return ask();
		}));
}
