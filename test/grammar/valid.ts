/**
 * Valid - generates params from the rules alone, with values that no rule refuses, so that new commands are tested automatically. Values
 * come from a small pool, because laws break where the same value occurs again.
 */
import fc, { type Arbitrary } from "fast-check";
import { type AnyCommand, creates, type Rule, rulesOf, type Shape } from "../../model/index.ts";
import { checkOf, compile } from "../model/check.ts";
import { day } from "./words.ts";

/** Whole days of a season; commands come at noon, so no date falls between two commands. */
export const DAYS = [3, 6, 9, 12, 15].map(day);
const OFTEN = ["a", "b", "FR", "AB-123-CD", "FR-AB-123-CD"];
const DIGESTS = ["a", "b"].map((letter) => letter.repeat(43));
const POOL = [...OFTEN, ...DIGESTS, "system", "IT", "IT-AB-123-CD", "ada@example.org", "bob@example.org", "1980-02-29", ...DAYS];
const free = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });

function text(rule: Rule): Arbitrary<string> {
	const check = compile({ value: rule });
	const fits = (value: string) => check({ value }) === true;
	const known = POOL.filter(fits);
	const often = known.filter((value) => OFTEN.includes(value) || DAYS.includes(value));
	const fitting = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...(often.length > 0 ? often : known)) }, fc.constantFrom(...known));
	const isFree = fc.sample(free, { seed: 1, numRuns: 50 }).filter(fits).length > 25;
	return isFree ? fc.oneof({ weight: 6, arbitrary: fitting }, { weight: 1, arbitrary: free.filter(fits) }) : fitting;
}

function number({ integer, min, max }: Rule): Arbitrary<number> {
	const range = { min: Number(min), max: Number(max) };
	const any = integer ? fc.integer(range) : fc.double({ ...range, noNaN: true }).map((value) => (value === 0 ? 0 : value)); // -0 has its own test
	return fc.oneof(fc.constantFrom(range.min, range.max), any);
}

/** Some of the values, in the order of their declaration, as the rule normalizes them. */
const some = (items: Rule | undefined): Arbitrary<unknown[]> => fc.subarray(items?.["values"] as unknown[], { minLength: 1 }); // `someOf` sets it

function valueOf(rule: Rule): Arbitrary<unknown> {
	const { type, values, props, items, nullable } = rule;
	const whole = { ...rule, optional: false, nullable: false };
	const value =
		type === "enum" && Array.isArray(values)
			? fc.constantFrom(...values)
			: type === "number"
				? number(rule)
				: type === "object"
					? fields(props as Readonly<Record<string, Rule>>) // `record` sets it
					: type === "array"
						? some(items as Rule) // likewise
						: text(whole);
	return nullable ? fc.option(value, { nil: null, freq: 3 }) : value;
}

function fields(rules: Readonly<Record<string, Rule>>): Arbitrary<Record<string, unknown>> {
	const required = Object.keys(rules).filter((name) => rules[name]?.["optional"] !== true);
	const each = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, valueOf(rule)]));
	return fc.record<Record<string, unknown>>(each, { requiredKeys: required, noNullPrototype: true });
}

/** Params of a shape, as a decision gets them. */
export function paramsOf(shape: Shape): Arbitrary<Readonly<Record<string, unknown>>> {
	const check = checkOf(shape);
	return fields(rulesOf(shape)).filter((params) => check(params) === true);
}

/** Params of a command, normalized. */
export function commandParams(definition: AnyCommand): Arbitrary<Readonly<Record<string, unknown>> & { readonly id: string }> {
	const { oneOf, shape } = definition;
	return paramsOf(shape)
		.filter((params) => !oneOf || oneOf.some((field) => params[field] !== undefined))
		.map((params) => {
			const { id: _id, ...normal } = (definition.normalise?.(params) ?? params) as typeof params; // `normalise` keeps the shape
			const own = definition.identity?.(normal);
			return { ...normal, id: own ?? String(params["id"]) };
		})
		.filter(({ id }) => id !== "undefined" || !creates(definition));
}
