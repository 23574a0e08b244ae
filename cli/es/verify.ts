/** Verify - es-verify and es-heads: the proof that nobody rewrote the log, and the small text an outsider keeps to ask for it. */
import { readFile, writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Verifying } from "../../mixins/audited.ts";
import { headsText, type PublicKey } from "../../store/heads.ts";
import type { Head } from "../../store/log.ts";
import type { Finding, Progress, Verified } from "../../store/verify.ts";
import { type Command, named, UsageError } from "./command.ts";
import { columns, type Out, paint } from "./out.ts";
import { type Catalogue, catalogueOf, type System } from "./system.ts";

export const esVerify: Command = {
	name: "es-verify",
	description: "Walks each log along its hash chain and signed heads, and names the first commit that does not fit",
	example: "es-verify --heads heads.txt",
	needs: "logs",
	args: [{ name: "logs", optional: true, many: true, of: "logs" }],
	options: {
		heads: { value: "file", description: "heads exported earlier (es-heads) and kept elsewhere: finds a log cut short or chained anew" },
	},
	async run({ args, options }, system, out) {
		const catalogue = await catalogueOf(system);
		const logs = args.length === 0 ? catalogue.logs : args.map((log) => named("log", log, catalogue.logs));
		const heads = options["heads"] === undefined ? {} : { heads: await contentOf(options["heads"]) };
		const partitions: Verified[] = [];
		for (const log of logs) partitions.push(...(await verified(system, catalogue, log, heads, out)));
		const findings = partitions.flatMap((partition) => partition.findings);
		out.give({ ok: findings.length === 0, partitions }, () => reportOf(partitions, findings));
		return findings.length === 0 ? 0 : 1;
	},
};

async function verified(system: System, { keeperOf }: Catalogue, log: string, heads: object, out: Out): Promise<Verified[]> {
	const stream = await system.call<Readable>(`${keeperOf.get(log)}.verify`, heads);
	const items = stream.iterator() as AsyncIterable<Verifying>; // as audited.ts promises
	const end = (): void => void stream.destroy();
	out.enough.addEventListener("abort", end, { once: true });
	const partitions: Verified[] = [];
	const reached = new Map<string, Progress>();
	const sum = (of: (progress: Progress) => number): number => [...reached.values()].reduce((total, one) => total + of(one), 0);
	try {
		await out.progress(log, 0, async (advance) => {
			for await (const item of items) {
				if ("findings" in item) partitions.push(item);
				else reached.set(item.log, item);
				advance(
					sum(({ position }) => position),
					sum(({ tail }) => tail),
				);
			}
		});
		return partitions;
	} catch (error) {
		throw out.enough.aborted ? new Error(`${log} was not verified to its end`) : error;
	} finally {
		out.enough.removeEventListener("abort", end);
	}
}

function reportOf(partitions: readonly Verified[], findings: readonly Finding[]): string {
	const table = columns(
		["log", "commits", "heads", "signed up to", "findings"],
		partitions.map(({ log, verified: commits, heads, signed, findings: found }) => [log, commits, heads, signed, found.length]),
	);
	const lines = findings.map(({ log, position, code, detail }) => `${paint("red", code)} at ${log}:${position}: ${detail}`);
	return [table, ...(lines.length > 0 ? lines : [paint("green", "every commit fits")])].join("\n");
}

async function contentOf(file: string): Promise<string> {
	return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
		throw new UsageError(`${file} cannot be read (${error.code})`);
	});
}

export const esHeads: Command = {
	name: "es-heads",
	description: "The signed heads of every log and the public keys they are checked with, as one small text to be kept elsewhere",
	example: "es-heads --out heads.txt",
	needs: "logs",
	args: [],
	options: { out: { value: "file", description: "writes it there; to stdout otherwise" } },
	async run({ options }, system, out) {
		const { keeperOf } = await catalogueOf(system);
		const all = await Promise.all(
			[...keeperOf.values()].map(async (keeper) => ({
				heads: await system.call<readonly Head[]>(`${keeper}.heads`),
				keys: await system.call<readonly PublicKey[]>(`${keeper}.keys`),
			})),
		);
		const heads = all.flatMap((one) => one.heads);
		const keys = [...new Map(all.flatMap((one) => one.keys).map((key) => [key.id, key])).values()];
		const text = headsText(keys, heads);
		if (options["out"] === undefined) out.give({ keys, heads }, () => text.trimEnd());
		else {
			await writeFile(options["out"], text);
			out.give({ file: options["out"] }, () => `written to ${options["out"]}`);
		}
		return 0;
	},
};
