/**
 * Params - the fields of a command or an ask. One definition gives both the type in the decision and the rule that fastest-validator
 * checks. Every rule is strict; none converts a text to a number.
 */
import { normalized, readable } from "./text.ts";
import { type Instant, isDate, parseInstant } from "./time.ts";

/** One error of a check; fastest-validator adds the field. */
interface Complaint {
	type: string;
	expected: string;
	actual: unknown;
	message: string;
}
/** A rule in the format of fastest-validator. */
export type Rule = Readonly<Record<string, unknown>>;
export interface Field<T> {
	readonly rule: Rule;
	/** The rule, described for a reader. */
	readonly says: string;
	/** The default, described for a reader. */
	readonly absent?: string;
	/** The fields of a record. */
	readonly shape?: Shape;
	/** Set if the log must never hold the value that a caller sends: the service replaces it before the decision (see Guard). */
	readonly secret?: SecretKind;
	/** Never set; only carries the type. */
	readonly type?: T;
}
export type Shape = Readonly<Record<string, Field<unknown>>>;
/** `given`: a password of the caller, whose hash the decision gets. `made`: made by the service, so no caller may send it. */
export type SecretKind = "given" | "made";
type Value<F> = F extends Field<infer T> ? T : never;
/** The type that a shape describes; `optional` fields may be absent. Each field keeps its comment from the shape. */
export type ParamsOf<S extends Shape> = { readonly [K in keyof S as undefined extends Value<S[K]> ? never : K]: Value<S[K]> } & {
	readonly [K in keyof S as undefined extends Value<S[K]> ? K : never]?: Exclude<Value<S[K]>, undefined>;
};

/** Null is invalid unless a field is `nullable`. */
const strict = { nullable: false } as const;

/** Text for people (see `normalText`), 1-200 characters unless stated otherwise. */
export const text = (max = 200): Field<string> => ({
	rule: { ...strict, type: "string", min: 1, custom: (value: unknown, errors: Complaint[]) => normalText(value, max, errors) },
	says: `text, 1-${max} characters`,
});
/** Refuses `.` and `..`: clients and proxies remove them from a path, so such an actor could not be reached. */
export const id = (pattern = /^[A-Za-z0-9._-]{1,64}$/, says = "id: 1-64 of `A-Z a-z 0-9 . _ -`, but not `.` or `..`"): Field<string> => ({
	rule: { ...strict, type: "string", pattern, custom: notDots },
	says,
});
export const matching = (pattern: RegExp, says = `text matching \`${pattern.source}\``): Field<string> => ({
	rule: { ...strict, type: "string", pattern },
	says,
});
export const email = (): Field<string> => ({
	rule: {
		...strict,
		type: "string",
		min: 1,
		custom(value: unknown, errors: Complaint[]) {
			const text = normalText(value, 200, errors);
			if (errors.length === 0 && typeof text === "string" && text !== "" && !/^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/u.test(text))
				complain(errors, "email", "an e-mail address", value);
			return text;
		},
	},
	says: "e-mail address, at most 200 characters",
});
export const integer = (min: number, max: number): Field<number> => ({
	rule: { ...strict, type: "number", integer: true, min, max },
	says: `whole number from ${min} to ${max}`,
});
export const decimal = (min: number, max: number): Field<number> => ({
	rule: { ...strict, type: "number", min, max },
	says: `number from ${min} to ${max}`,
});
export const oneOf = <const T extends string>(...values: readonly T[]): Field<T> => ({
	rule: { ...strict, type: "enum", values },
	says: values.map((value) => `\`${value}\``).join(", "),
});
/** One or more different values of a few, in the order in which they are declared. */
export const someOf = <const T extends string>(...values: readonly T[]): Field<readonly T[]> => ({
	rule: {
		...strict,
		type: "array",
		min: 1,
		unique: true,
		items: { ...strict, type: "enum", values },
		custom: (value: unknown) => (Array.isArray(value) ? values.filter((one) => value.includes(one)) : value),
	},
	says: `list of one or more of ${values.map((value) => `\`${value}\``).join(", ")}`,
});
/**
 * A password. The caller sends 12-200 characters, and the decision gets a hash in its place. Complaints never repeat the value, and no
 * character is refused or changed but for its Unicode form, so that every keyboard and password manager can be used.
 */
export const password = (): Field<string> => ({
	rule: {
		...strict,
		type: "any",
		custom(value: unknown, errors: Complaint[]) {
			if (value === undefined) return value; // whether it is required is another rule
			const length = typeof value === "string" && value.length <= 1000 ? [...value].length : 0;
			if (length < 12 || length > 200) complain(errors, "password", "a text of 12-200 characters", undefined);
			return value;
		},
	},
	says: "text, 12-200 characters; never stored, only its hash",
	secret: "given",
});
/** The SHA-256 of a token in base64url. */
export const digest = (): Field<string> => matching(/^[A-Za-z0-9_-]{43}$/, "SHA-256 in base64url");
/** The digest of a token that the service makes for this command, and returns once in the answer. */
export const madeSecret = (): Field<string> => ({ ...digest(), secret: "made" });
/** `absent` describes the default for the reference pages; `decide` applies it. */
export const optional = <T>(field: Field<T>, absent?: string): Field<T | undefined> => ({
	...field,
	rule: { ...field.rule, optional: true },
	...(absent === undefined ? {} : { absent }),
});
/** Allows null as a separate value. */
export const nullable = <T>(field: Field<T>): Field<T | null> => ({
	...field,
	rule: { ...field.rule, nullable: true },
	says: `${field.says}; or null`,
});
export const record = <S extends Shape>(shape: S): Field<ParamsOf<S>> => ({
	rule: { ...strict, type: "object", strict: true, props: rulesOf(shape) },
	says: "object",
	shape,
});

/** An instant with an offset, normalized to UTC. */
export const instant = (): Field<Instant> => ({ rule: { ...strict, type: "string", max: 40, custom: normalInstant }, says: "instant" });
/** An instant later than the one in another field of the same params. That field must come first in the shape. */
export const instantAfter = (other: string): Field<Instant> => ({
	rule: {
		...strict,
		type: "string",
		max: 40,
		custom(
			value: unknown,
			errors: Complaint[],
			_schema: unknown,
			_path: unknown,
			_parent: unknown,
			{ data }: { readonly data: Readonly<Record<string, unknown>> },
		) {
			const normal = normalInstant(value, errors);
			const first = data[other];
			if (typeof first === "string" && parseInstant(first) !== null && typeof normal === "string" && errors.length === 0 && normal <= first)
				complain(errors, "instantAfter", `an instant after ${other}`, value);
			return normal;
		},
	},
	says: `instant later than \`${other}\``,
});
/** A calendar date, `YYYY-MM-DD`. */
export const date = (): Field<string> => ({
	rule: {
		...strict,
		type: "string",
		custom(value: unknown, errors: Complaint[]) {
			if (typeof value === "string" && !isDate(value)) complain(errors, "date", "a day of the calendar, YYYY-MM-DD", value);
			return value;
		},
	},
	says: "day, `YYYY-MM-DD`",
});

/** The fields of a shape that callers may send. */
export const openShape = (shape: Shape): Shape => Object.fromEntries(Object.entries(shape).filter(([, { secret }]) => secret !== "made"));

export const rulesOf = (shape: Shape): Record<string, Rule> =>
	Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, field.rule]));

function complain(errors: Complaint[], type: string, expected: string, actual: unknown): void {
	errors.push({ type, expected, actual, message: `must be ${expected}` });
}
/** Ignores non-strings and empty strings: the string rule reports them. */
function normalText(value: unknown, max: number, errors: Complaint[]): unknown {
	if (typeof value !== "string" || value === "") return value;
	const text = normalized(value, max);
	if (text === null) complain(errors, "textMax", `at most ${max} characters`, value);
	else if (!readable(text))
		complain(errors, "readable", "a text to read: not blank, no control, invisible or bidirectional characters", value);
	return text ?? value;
}
function notDots(value: unknown, errors: Complaint[]): unknown {
	if (value === "." || value === "..") complain(errors, "notDots", "an id other than . and ..", value);
	return value;
}
function normalInstant(value: unknown, errors: Complaint[]): unknown {
	if (typeof value !== "string") return value;
	const normal = parseInstant(value);
	if (normal === null) complain(errors, "instant", "an ISO-8601 instant with an offset, e.g. 2026-03-01T08:15:00Z", value);
	return normal ?? value;
}
