/** Prometheus - a strict parser of the Prometheus text format: unique families and series, types before samples, rising buckets. */
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

	constructor(text: string) {
		const types = new Map<string, string>();
		const samples: Sample[] = [];
		const series = new Set<string>();
		for (const line of text.split("\n").filter((one) => one !== "")) {
			const [, keyword, family = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
			if (keyword === "TYPE") {
				if (types.has(family)) throw new Error(`${family} is duplicated`);
				types.set(family, rest);
			}
			if (keyword !== undefined) continue;
			const sample = sampleOf(line);
			const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted())}`;
			if (series.has(key)) throw new Error(`${line} is duplicated`);
			if (!types.has(familyOf(sample.name, types))) throw new Error(`${sample.name} has no type`);
			series.add(key);
			samples.push(sample);
		}
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

function sampleOf(line: string): Sample {
	const [, name, inner = "", value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.eE+-]+)$/.exec(line) ?? [];
	if (name === undefined) throw new Error(`not a sample: ${line}`);
	const labels: Record<string, string> = {};
	const rest = inner.replace(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g, (_all, label: string, text: string) => {
		labels[label] = text;
		return "";
	});
	if (rest !== "" || !Number.isFinite(Number(value))) throw new Error(`not a sample: ${line}`);
	return { name, labels, value: Number(value) };
}
