/** A cluster works as usual while the wall clock of a node is seconds off, and its nodes name that clock. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { answered, noon, ownerOf, person, plate, radarInService } from "../http/scenery.ts";
import { Cluster, hasNats, ROLES } from "../support/cluster.ts";
import { Folder } from "../support/folder.ts";
import { Scrape } from "../support/prometheus.ts";
import { eventually, type Row, type System } from "../support/system.ts";

const NODES = { "command-1": ROLES.command, "command-2": ROLES.command, query: ROLES.query, gateway: ROLES.gateway };
const SHIFTED = new URL("../support/shifted-clock.ts", import.meta.url).href;

(hasNats ? describe : describe.skip).each([
	["command-1", 10_000],
	["command-1", -10_000],
	["gateway", -10_000],
	["gateway", 10_000],
	["query", -10_000],
])("a cluster in which the clock of %s is %d ms off", (name, offset) => {
	const folder = new Folder();
	let cluster: Cluster;
	let gateway: System;
	beforeAll(async () => {
		if (!hasNats) return;
		writeFileSync(folder.file("clock"), String(offset));
		const own = { [name]: { NODE_OPTIONS: `--import ${SHIFTED} --disable-warning=ExperimentalWarning`, CLOCK_FILE: folder.file("clock") } };
		cluster = await Cluster.shared({ nodes: NODES, own, settings: { METRICS_PORT: "0" } });
		gateway = cluster.node("gateway");
	});
	afterAll(async () => {
		await cluster?.stop();
		folder.remove();
	});

	it("answers every command, and opens every case", async () => {
		await radarInService(gateway, "r-1");
		await ownerOf(gateway, "holder", [plate(1)]);
		for (let n = 0; n < 40; n++) answered(201, await gateway.post("/owners", { id: `o-${n}`, ...person }));
		const lines = Array.from({ length: 100 }, (_, n) => ({
			id: `d-${n}`,
			radar: "r-1",
			plate: plate(1),
			country: "FR",
			speedKmh: 150,
			capturedAt: noon,
		}));
		expect(answered(200, await gateway.ndjson(lines)).body).toMatchObject({ recorded: 100 });
		await eventually(async () => expect((await gateway.get("/infractions?holder=holder")).body.total).toBe(100), 20_000);
	});
	it("names the clock in readiness, in the metrics, and once in the log", async () => {
		const parts = async (): Promise<readonly Row[]> => {
			const { status, body } = await gateway.get("/health/ready");
			expect(status).toBe(200); // no decision depends on it
			return (body as unknown as { readonly parts: readonly Row[] }).parts.filter((part) => part["name"] === "clock");
		};
		const told = offset > 0 ? "ahead of" : "behind";
		await eventually(async () => {
			const notes = (await parts()).map(({ node, note }) => `${String(node)}: ${String(note)}`);
			expect(notes).toHaveLength(4);
			for (const note of notes)
				expect(note).toMatch(
					note.startsWith(`${name}:`)
						? new RegExp(`: the clock of this node is (9\\.\\d|10\\.0) s ${told} those of the others$`)
						: new RegExp(`: the clock of ${name} is (9\\.\\d|10\\.\\d) s ${told} this node's$`),
				);
		});
		for (const node of cluster.names)
			await eventually(() => expect(cluster.node(node).output.match(/clocks differ: the clock of/g)).toHaveLength(1));
		const [, url = ""] = /^Its metrics: (\S+)$/m.exec(cluster.node("query").output) ?? [];
		expect(new Scrape(await (await fetch(url)).text()).value("vigie_clock_skew_seconds")).toBeGreaterThan(8);
	});
	it("logs that it is over after the clock has been corrected", async () => {
		writeFileSync(folder.file("clock"), "0");
		await eventually(() => {
			for (const node of cluster.names) expect(cluster.node(node).output).toContain("It is over: clocks differ");
		});
		answered(201, await gateway.post("/owners", { id: "after", ...person }));
	});
});
