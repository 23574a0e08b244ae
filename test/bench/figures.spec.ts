/** Figures - the pure functions of the benchmarks: quantiles, schedules, tables, charts and the page. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { factorSteps, roundSteps, shortText, svgOf } from "../../bench/page/chart.ts";
import { figureText, share, tableText } from "../../bench/rig/markdown.ts";
import { schedule } from "../../bench/rig/open-loop.ts";
import { pageOf } from "../../bench/page/page.ts";
import type { Measured } from "../../bench/page/results.ts";
import { numberIn } from "../../bench/rig/part.ts";
import type { Chart } from "../../bench/rig/result.ts";
import { median, quantile, Recorder } from "../../bench/rig/quantile.ts";

describe("a recorder of durations", () => {
	it("knows every quantile to two percent, and never exceeds the maximum", () =>
		fc.assert(
			fc.property(
				fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
				fc.constantFrom(0.5, 0.9, 0.99, 0.999, 1),
				(durations, part) => {
					const recorder = new Recorder();
					for (const duration of durations) recorder.record(duration);
					const exact = quantile(durations, part);
					expect(recorder.at(part)).toBeGreaterThanOrEqual(exact * 0.999);
					expect(recorder.at(part)).toBeLessThanOrEqual(Math.min(exact * 1.02, Math.max(...durations)));
				},
			),
		));
	it("has no quantile without values", () => expect(new Recorder().at(0.5)).toBeNaN());
});

it("a median of an even number is between the two middle values", () =>
	expect([median([4, 1, 3, 2]), median([3, 1, 2])]).toEqual([2.5, 2]));

describe("a schedule of arrivals", () => {
	it("is the same each time, rises, and ends in time", () => {
		const due = schedule(200, 10);
		expect(due).toEqual(schedule(200, 10));
		expect(due).toEqual(due.toSorted((a, b) => a - b));
		expect(due.at(-1)).toBeLessThan(10_000);
	});
	it("has about as many arrivals as requested", () => {
		expect(schedule(200, 10).length).toBeGreaterThan(1_850);
		expect(schedule(200, 10).length).toBeLessThan(2_150);
	});
});

it.each([
	["200k", 200_000],
	["1M", 1_000_000],
	["20.9M", 20_900_000],
	["17", 17],
	["", Number.NaN],
	["1G", Number.NaN],
	["-1", Number.NaN],
])("%p is parsed as %p", (text, number) => expect(numberIn(text)).toBe(number));

it.each([
	[13_218.4, "13,218"],
	[100, "100"],
	[45.25, "45.3"],
	[1.471, "1.47"],
	[0.0042, "0.004"],
	[Number.NaN, "-"],
])("%p is formatted as %p", (figure, text) => expect(figureText(figure)).toBe(text));
it("a share is a percentage of the whole", () => expect(share(1, 3)).toBe("33.3 %"));

it("a table aligns figures to the right and words to the left", () =>
	expect(
		tableText({
			columns: ["", "commits/s"],
			rows: [
				["bare", 1_234],
				["store", 9],
			],
		}).split("\n"),
	).toEqual(["|       | commits/s |", "| ----- | --------: |", "| bare  |     1,234 |", "| store |         9 |"]));

describe("a chart", () => {
	const chart: Chart = {
		file: "rate",
		title: "Rate & <memory>",
		x: "detections stored",
		y: "per second",
		series: [
			{
				name: "one",
				points: [
					[1, 10],
					[2, 20],
				],
			},
			{
				name: "two",
				points: [
					[1, 5],
					[2, 30],
				],
			},
		],
	};
	it("has round steps from zero to at least the highest value", () => {
		expect(roundSteps(13_000)).toEqual([0, 5_000, 10_000, 15_000]);
		expect(roundSteps(100)).toEqual([0, 20, 40, 60, 80, 100]);
		expect(roundSteps(0)).toEqual([0, 1]);
	});
	it("has steps by powers of ten, or both ends if there are none", () => {
		expect(factorSteps(1, 1_000)).toEqual([1, 10, 100, 1_000]);
		expect(factorSteps(20, 80)).toEqual([20, 80]);
	});
	it("abbreviates large figures", () => expect([150_000, 20_900_000, 999].map(shortText)).toEqual(["150k", "20.9M", "999"]));
	it("escapes the names of its axes", () => {
		const svg = svgOf(chart);
		expect(svg).toContain("Rate &#38; &#60;memory&#62;");
		for (const text of ["detections stored", "per second", "one", "two", "prefers-color-scheme:dark"]) expect(svg).toContain(text);
		expect(svg).not.toContain("NaN");
	});
	it("draws a single point too", () =>
		expect(svgOf({ ...chart, log: true, series: [{ name: "one", points: [[5, 0]] }] })).not.toContain("NaN"));
});

describe("the page", () => {
	const measured: Measured = {
		at: "2026-11-21T15:36:00.000Z",
		seconds: 12,
		load: 0.1,
		command: "node bench/parts/latency.ts --seconds 30",
		quick: false,
		machine: { cpus: 2, model: "A CPU", memoryGb: 24, platform: "linux x64", node: "v24.21.0", fsyncMs: { p50: 0.2, p99: 1 } },
		result: { about: "What was measured.", tables: [{ columns: ["rate"], rows: [[10]] }], figures: { halfVisibleP99Ms: 49.9 } },
	};
	it("shows whether each goal holds, or that it was not measured", () => {
		const page = pageOf({ latency: measured });
		expect(page).toMatch(/Write to visible at half.* \| 49\.9 ms +\| yes/);
		expect(page).toMatch(/MongoDB append.* \| not measured/);
		expect(pageOf({ latency: { ...measured, result: { ...measured.result, figures: { halfVisibleP99Ms: 50 } } } })).toMatch(
			/\| 50 ms +\| no/,
		);
	});
	it("shows time and command of each part", () => {
		expect(pageOf({ latency: measured })).toContain(
			"`node bench/parts/latency.ts --seconds 30`, 2026-11-21 15:36 UTC, 12 s, load 0.10 at the start.",
		);
		expect(pageOf({ latency: measured })).toContain("2 × A CPU, 24 GB, linux x64, Node 24.21.0");
	});
	it("marks parts that were measured on another machine or quickly", () => {
		const elsewhere = { ...measured, at: "2026-11-20T15:36:00.000Z", quick: true, machine: { ...measured.machine, cpus: 64 } };
		expect(pageOf({ latency: measured, growth: elsewhere })).toMatch(/A quick run: .* On another machine: 64 × A CPU/);
	});
});
