/**
 * The pipeline - detections through HTTP in bulk until all read models are complete, against the bare prototype in the same
 * run: absolute figures do not travel between machines, their ratio does.
 *
 *   node bench/pipeline.ts [--detections 150000] [--radars 3350] [--runs 1] [--entry cli/start.ts]
 *
 * The clock runs from the first byte sent until the three read models show everything, the bench process itself generates and
 * sends meanwhile. With several runs prototype and product take turns, and the medians count. The last line is JSON.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { environment, root } from "./product.ts";
import { cents, median, type ProductRun, type Run, runProduct, say } from "./run.ts";

const { values: options } = parseArgs({
	options: {
		detections: { type: "string", default: "150000" },
		radars: { type: "string", default: "3350" },
		runs: { type: "string", default: "1" },
		entry: { type: "string", default: join("cli", "start.ts") },
	},
});
function above0(name: "detections" | "radars" | "runs"): number {
	const number = Number(options[name]);
	if (Number.isInteger(number) && number > 0) return number;
	throw new Error(`--${name} takes a whole number above 0, not ${options[name]}`);
}
const [detections, radars, runs] = [above0("detections"), above0("radars"), above0("runs")];
process.once("SIGINT", () => process.exit(130));

async function runPrototype(): Promise<Run> {
	const child = spawn(process.execPath, [join("bench", "prototype.ts"), String(detections), String(radars)], {
		cwd: root,
		env: environment(),
		stdio: ["ignore", "pipe", "inherit"],
	});
	const abandon = (): void => void child.kill("SIGTERM");
	process.once("exit", abandon);
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
	const [code] = await once(child, "close");
	process.off("exit", abandon);
	if (code !== 0) throw new Error(`the prototype ended with ${code}`);
	return JSON.parse(output) as Run;
}

// -- The report ----------------------------------------------------------------------------
function medians(of: readonly Run[]): Run {
	const figure = (name: keyof Run): number => cents(median(of.map((run) => run[name])));
	return {
		seconds: figure("seconds"),
		perSecond: Math.round(figure("perSecond")),
		cpuMicrosPerDetection: figure("cpuMicrosPerDetection"),
		rssMb: Math.round(figure("rssMb")),
	};
}
const cells = (name: string, ...figures: readonly (string | number)[]): string =>
	name.padEnd(12) + figures.map((figure) => String(figure).padStart(14)).join("");
const line = (name: string, run: Run): string =>
	cells(name, run.perSecond, run.seconds.toFixed(2), run.cpuMicrosPerDetection.toFixed(1), run.rssMb);

const heading = cells("", "detections/s", "seconds", "CPU µs each", "peak MB");
const prototypeRuns: Run[] = [];
const productRuns: ProductRun[] = [];
say(heading);
for (let run = 1; run <= runs; run++) {
	const bare = await runPrototype();
	say(line(`prototype ${run}`, bare));
	const whole = await runProduct({ detections, radars, entry: options.entry });
	say(
		`${line(`product ${run}`, whole)}   acknowledged after ${whole.acknowledgedSeconds} s, MB over time ${whole.rssOverTimeMb.join(" ")}`,
	);
	if (!whole.stoppedCleanly) say("the product did not stop cleanly");
	prototypeRuns.push(bare);
	productRuns.push(whole);
}
const prototype = medians(prototypeRuns);
const product = medians(productRuns);
const ratio = cents(product.perSecond / prototype.perSecond);
const cpuRatio = cents(product.cpuMicrosPerDetection / prototype.cpuMicrosPerDetection);
console.log(heading);
console.log(line("prototype", prototype));
console.log(line("product", product));
console.log(cells("ratio", ratio, "", cpuRatio));
console.log(JSON.stringify({ detections, radars, runs, ratio, cpuRatio, prototype, product, productRuns }));
