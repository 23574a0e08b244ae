/** Rebuild - es-rebuild: builds a read model again beside the current generation, compares the two row by row, and switches. */
import type { Readable } from "node:stream";
import type { RebuildReport, Switched } from "../../mixins/read-models/generation-control.ts";
import type { Generation } from "../../store/rows.ts";
import { type Command, named, UsageError, type Verdict } from "./command.ts";
import { changeText, differences } from "./difference.ts";
import { escaped } from "../common/output.ts";
import { columns, type Out, paint } from "./out.ts";
import { catalogueOf, type System } from "./system.ts";

type Kept = Omit<Generation, "spec">;
const INSTEAD = ["status", "forget", "back"] as const;

export const esRebuild: Command = {
	name: "es-rebuild",
	description: "Builds a read model again beside the current generation, compares the two row by row, and switches; Ctrl-C pauses it",
	example: "es-rebuild radars",
	needs: "readModels",
	args: [{ name: "read-model", of: "readModels" }],
	options: {
		status: { description: "only lists the generations" },
		forget: { description: "only removes the generations kept beside the current one" },
		back: { description: "only switches back to the previous generation" },
	},
	async run({ args: [name = ""], flags }, system, out) {
		named("read model", name, (await catalogueOf(system)).readModels);
		const [instead, ...more] = INSTEAD.filter((flag) => flags.has(flag));
		if (more.length > 0) throw new UsageError(`--${instead} and --${more[0]} do not go together`);
		if (instead === undefined || instead === "back") return change(system, out, name, instead ?? "rebuild");
		if (instead === "status") await status(system, out, name);
		else await forget(system, out, name);
		return 0;
	},
};

/** Follows the stream of a rebuild to its end; an interrupted rebuild resumes the next time. */
async function change(system: System, out: Out, name: string, action: "rebuild" | "back"): Promise<Verdict> {
	const stream = await system.call<Readable>(`${name}.${action}`);
	const steps = stream.iterator() as AsyncIterator<RebuildReport, undefined>; // the item type of rebuilding.ts
	const end = (): void => void stream.destroy();
	out.enough.addEventListener("abort", end, { once: true });
	try {
		let step = (await steps.next()).value;
		while (step && step.phase !== "switched") step = await phase(steps, step, name, out);
		if (!step) throw new Error(unfinished(name));
		const last = step;
		out.give({ readModel: name, ...last }, () => switchedText(name, last));
		return last.differing > 0 && last.sameCode ? 1 : 0;
	} catch (error) {
		throw out.enough.aborted ? new Error(unfinished(name)) : error;
	} finally {
		end();
		out.enough.removeEventListener("abort", end);
	}
}
const unfinished = (name: string): string => `the rebuild of ${name} is not finished; es-rebuild ${name} resumes it`;

/** Shows one bar during a phase; resolves to the first step of the next phase. */
function phase(
	steps: AsyncIterator<RebuildReport, undefined>,
	first: Exclude<RebuildReport, Switched>,
	name: string,
	out: Out,
): Promise<RebuildReport | undefined> {
	return out.progress(`${first.phase} ${name}`, first.total, async (advance) => {
		let step: RebuildReport | undefined = first;
		while (step && step.phase === first.phase) {
			advance(step.done, step.total, step.phase === "building" && step.throttled ? "slowed down by live traffic" : "");
			step = (await steps.next()).value;
		}
		return step;
	});
}

function switchedText(name: string, { generation, rows, differing, differences: found, sameCode }: Switched): string {
	const head = `${paint("bold", name)}: generation ${generation} answers now, ${rows.toLocaleString("en")} rows compared`;
	if (differing === 0) return `${head}, ${paint("green", "no difference")}`;
	const fault = sameCode ? paint("red", "by the same code: a fault") : paint("yellow", "by other code");
	return [
		`${head}, ${differing.toLocaleString("en")} differ, ${fault}`,
		...found.flatMap(({ id, before, after }) => [
			`  ${escaped(id)}`,
			...differences(before, after)
				.map(changeText)
				.map((text) => `  ${text}`),
		]),
		...(differing > found.length ? [`  and ${differing - found.length} more`] : []),
	].join("\n");
}

async function status(system: System, out: Out, name: string): Promise<void> {
	const answer = await system.call<{ rows: readonly Kept[]; running: RebuildReport | "begun" | null }>(`${name}.generations`);
	const { running } = answer;
	const now = running === null ? [] : [running === "begun" || running.phase === "switched" ? "a rebuild has begun" : runningText(running)];
	out.give({ readModel: name, ...answer }, () =>
		[
			columns(
				["generation", "state", "begun", "code"],
				answer.rows.map(({ number, state, begun, code }) => [number, state, begun, code]),
			),
			...now,
		].join("\n"),
	);
}
const runningText = ({ phase: now, done, total, rate }: Exclude<RebuildReport, Switched>): string =>
	`${now}: ${done.toLocaleString("en")} of ${total.toLocaleString("en")}, ${rate.toLocaleString("en")}/s`;

async function forget(system: System, out: Out, name: string): Promise<void> {
	const answer = await system.call<{ forgotten: readonly number[] }>(`${name}.forget`);
	const { forgotten } = answer;
	out.give({ readModel: name, ...answer }, () =>
		forgotten.length === 0 ? `${name} keeps no generation besides the current one` : `${name}: removed ${forgotten.join(", ")}`,
	);
}
