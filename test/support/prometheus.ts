/**
 * Prometheus - a strict parser of the Prometheus text format 0.0.4: unique families and series, each family in one group with its help and
 * type first, only the escapes that exist, rising buckets that end with all observations.
 */
export interface Sample {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}
type Labels = Readonly<Record<string, string>>;

export class Scrape {
	readonly samples: readonly Sample[];
	/** Type by family: `counter`, `gauge` or `histogram`. */
	readonly types: ReadonlyMap<string, string>;
	readonly help: ReadonlyMap<string, string>;

	/** `finite`: whether a sample without a finite value is an error. */
	constructor(text: string, { finite = true } = {}) {
		const types = new Map<string, string>();
		const help = new Map<string, string>();
		const samples: Sample[] = [];
		const series = new Set<string>();
		if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
		for (const line of text.split("\n").filter((one) => one !== "")) {
			const [, keyword, family = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/s.exec(line) ?? [];
			if (keyword === undefined && line.startsWith("#")) throw new Error(`not a comment of a family: ${line}`);
			if (keyword === "HELP") {
				if (help.has(family)) throw new Error(`${family} is duplicated`);
				help.set(family, unescaped(rest, /\\([\\n])/g));
			} else if (keyword === "TYPE") {
				if (types.has(family) || [...help.keys()].at(-1) !== family)
					throw new Error(`${family} is duplicated, or has no help before its type`);
				if (!/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`${rest} is no type`);
				types.set(family, rest);
			}
			if (keyword !== undefined) continue;
			const sample = sampleOf(line);
			if (finite && !Number.isFinite(sample.value)) throw new Error(`not finite: ${line}`);
			const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted())}`;
			if (series.has(key)) throw new Error(`${line} is duplicated`);
			if ([...types.keys()].at(-1) !== familyOf(sample.name, types)) throw new Error(`${sample.name} is not in the group of its family`);
			series.add(key);
			samples.push(sample);
		}
		this.help = help;
		this.types = types;
		this.samples = samples;
		this.#risingBuckets();
	}

	/** Samples of a name with at least these labels. */
	all(name: string, labels: Labels = {}): readonly Sample[] {
		return this.samples.filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value));
	}
	/** Sum of the matching samples; 0 if there are none. */
	sum(name: string, labels: Labels = {}): number {
		return this.all(name, labels).reduce((sum, { value }) => sum + value, 0);
	}
	/** Value of the only matching sample; throws if there is none, or several. */
	value(name: string, labels: Labels = {}): number {
		const [found, another] = this.all(name, labels);
		if (!found || another) throw new Error(`${name} ${JSON.stringify(labels)} is there ${found ? "more than once" : "not at all"}`);
		return found.value;
	}
	/** All sample names; a histogram has those of its buckets, its sum and its count. */
	get names(): ReadonlySet<string> {
		return new Set(this.samples.map(({ name }) => name));
	}

	#risingBuckets(): void {
		const last = new Map<string, { le: number; value: number }>();
		for (const { name, labels, value } of this.samples.filter((one) => one.name.endsWith("_bucket"))) {
			const { le = "", ...rest } = labels;
			const key = `${name} ${JSON.stringify(rest)}`;
			const bound = le === "+Inf" ? Infinity : Number(le);
			const before = last.get(key) ?? { le: -Infinity, value: 0 };
			if (!(bound > before.le) || value < before.value) throw new Error(`${key} does not rise at ${le}`);
			last.set(key, { le: bound, value });
			if (bound === Infinity && value !== this.value(`${name.slice(0, -"_bucket".length)}_count`, rest))
				throw new Error(`${key}: not all counted`);
		}
	}
}

const familyOf = (name: string, types: ReadonlyMap<string, string>): string => {
	const family = name.replace(/_(bucket|sum|count)$/, "");
	return types.get(family) === "histogram" ? family : name;
};

/** The text without its escapes; throws if a backslash begins none of those allowed. */
function unescaped(text: string, escapes: RegExp): string {
	if (text.replace(escapes, "").includes("\\")) throw new Error(`not an escape: ${text}`);
	return text.replace(escapes, (_all, one: string) => (one === "n" ? "\n" : one));
}

const NUMBER = /^(NaN|[+-]Inf|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)$/;
function sampleOf(line: string): Sample {
	const [, name, inner = "", value = ""] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line) ?? [];
	if (name === undefined || !NUMBER.test(value)) throw new Error(`not a sample: ${line}`);
	const labels: Record<string, string> = {};
	const rest = inner.replace(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,(?=[a-zA-Z_])|$)/g, (_all, label: string, text: string) => {
		if (Object.hasOwn(labels, label)) throw new Error(`${label} is there twice: ${line}`);
		labels[label] = unescaped(text, /\\([\\n"])/g);
		return "";
	});
	if (rest !== "") throw new Error(`not a sample: ${line}`);
	return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}
