/** Json - plain JSON: equality, copies without undefined values, and copies without secrets. */
/** Deep equality, used for "already so". A key with the value undefined equals an absent key. */
export function sameJson(a: unknown, b: unknown): boolean {
	if (a === b || (a !== a && b !== b)) return true; // `===` also makes 0 equal to -0, because storage does not keep the sign
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
	const left = Object.entries(a).filter(([, value]) => value !== undefined);
	const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
	return left.length === right.size && left.every(([key, value]) => right.has(key) && sameJson(value, right.get(key)));
}

/** A copy without undefined values, so that an object stores and sends only what the caller gave. */
export function defined<T extends object>(fields: T): T {
	const out: Partial<T> = {};
	for (const key in fields) if (fields[key] !== undefined) out[key] = fields[key]; // `delete` would switch the object to slow dictionary mode
	return out as T; // only undefined values are missing
}

/** A copy without the fields `secret`, at every depth. Facts and states keep hashes and digests in fields of this name only, and no answer shows them. */
export function withoutSecrets(value: unknown): unknown {
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return value.map(withoutSecrets);
	return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (name === "secret" ? [] : [[name, withoutSecrets(inner)]])));
}
