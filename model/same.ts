/** Equality of plain JSON: same content is "already so". A key with the value undefined is a key that is absent. */
export function same(a: unknown, b: unknown): boolean {
	if (a === b || (a !== a && b !== b)) return true; // one zero, whatever its sign: storage knows no other
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
	const left = Object.entries(a).filter(([, value]) => value !== undefined);
	const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
	return left.length === right.size && left.every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

/** An object without its undefined values: what is stored and what is sent is what was given. */
export function given<T extends object>(fields: T): T {
	const out: Partial<T> = {};
	for (const key in fields) if (fields[key] !== undefined) out[key] = fields[key]; // never made and taken out again: that makes an object slow for good
	return out as T; // but for what was undefined
}
