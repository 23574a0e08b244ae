/** npm run cluster: processes that discover each other over a nats-server, killed, paused and joined by a script and from the keyboard. */
import { existsSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { tokenIn } from "../../cli/common/token.ts";
import { Folder } from "../support/folder.ts";
import { Child, es } from "../support/operator.ts";
import { eventually } from "../support/system.ts";

const WITHIN = 120_000;
const SMALL = ["--nodes", "commands=1,queries=1,gateway=1"];
const hasNats = (process.env["PATH"] ?? "").split(":").some((one) => one !== "" && existsSync(join(one, "nats-server")));
const SKIPPED = "Cluster tests are skipped: there is no nats-server on PATH\n";
if (!hasNats && process.env["NATS_REQUIRED"]) throw new Error(SKIPPED);
if (!hasNats) writeSync(2, SKIPPED);

let folder: Folder;
let running: Child[];
beforeEach(() => {
	folder = new Folder();
	running = [];
});
afterEach(async () => {
	for (const child of running) {
		child.signal("SIGTERM");
		await child.ended(WITHIN).catch(() => undefined);
	}
	folder.remove();
});

function cluster(words: readonly string[] = SMALL, env: Readonly<Record<string, string>> = {}): Child {
	const child = new Child("cli/cluster.ts", words, folder.path, env);
	running.push(child);
	return child;
}
const saying = (child: Child, what: RegExp, times = 1): Promise<RegExpMatchArray[]> =>
	eventually(() => {
		const found = [...child.stdout.matchAll(new RegExp(what, "gm"))];
		if (found.length < times) throw new Error(`not said: ${what}\n${child.stdout}\n${child.stderr}`);
		return found;
	});
const pidsOf = (text: string): number[] => [...new Set([...text.matchAll(/ pid (\d+)/g)].map(([, pid]) => Number(pid)))];
function isThere(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
/** The tables of `owners`: the lines of the nodes, by log or follower. */
function tables(stdout: string): { decides: Map<string, Map<string, string>>; follows: Map<string, string> }[] {
	return stdout
		.split("Who decides\n")
		.slice(1)
		.map((text) => {
			const [first = "", second = ""] = text.split("Who follows\n");
			const decides = new Map<string, Map<string, string>>();
			let log = "";
			for (const [, name = "", node = "", partitions = ""] of first.matchAll(/^ {2}([a-z]*) +([a-z]+-\d+) {2}(.+)$/gm)) {
				log = name || log;
				decides.set(log, (decides.get(log) ?? new Map()).set(node, partitions));
			}
			return {
				decides,
				follows: new Map([...second.matchAll(/^ {2}([a-z-]+) +([a-z]+-\d+)\b/gm)].map(([, name = "", node = ""]) => [name, node])),
			};
		});
}

(hasNats ? describe : describe.skip)("the cluster of a script", () => {
	it(
		"shows the owners before and after a node dies and another is paused, and after they return",
		async () => {
			const script = join(folder.path, "script");
			const lines = ["status", "kill commands-2", "pause queries-1 # for long", "", "wait", "owners"];
			writeFileSync(
				script,
				[...lines, "resume queries-1", "join commands-2", "wait", "owners", "status", "leave gateway-2", "status"].join("\n"),
			);
			const child = cluster(["--script", script]);
			expect({ code: await child.ended(WITHIN), stderr: child.stderr }).toEqual({ code: 0, stderr: "" });

			const [before, without, after] = tables(child.stdout);
			expect([...(before?.decides.keys() ?? [])]).toEqual(["identity", "infraction", "operations", "radar", "registration"]);
			for (const nodes of before?.decides.values() ?? []) {
				expect([...nodes.keys()]).toEqual(["commands-1", "commands-2"]);
				expect([...nodes.values()].join(" ").replaceAll("none now", "").split(/ +/).filter(Boolean).toSorted()).toEqual([
					"0",
					"1",
					"2",
					"3",
				]);
			}
			for (const nodes of without?.decides.values() ?? []) expect([...nodes]).toEqual([["commands-1", "0 1 2 3"]]);
			expect([...new Set(before?.follows.values())].toSorted()).toEqual(["queries-1", "queries-2"]);
			expect([...(without?.follows ?? [])]).toEqual([...(before?.follows.keys() ?? [])].map((name) => [name, "queries-2"]));
			expect(after).toEqual(before);

			expect(child.stdout).toMatch(/^ {2}gateway-2 +left/m);
			expect(pidsOf(child.stdout)).toHaveLength(7);
			expect(pidsOf(child.stdout).filter(isThere)).toEqual([]);
		},
		WITHIN,
	);
	it(
		"exits with 1 at the first command that fails, and leaves no process behind",
		async () => {
			const script = join(folder.path, "script");
			writeFileSync(script, "status\nkill commands-9\nowners\n");
			const child = cluster(["--script", script, ...SMALL]);
			expect(await child.ended(WITHIN)).toBe(1);
			expect(child.stderr).toBe("there is no node commands-9; there are commands-1, queries-1, gateway-1\n");
			expect(tables(child.stdout)).toHaveLength(1);
			expect(pidsOf(child.stdout)).toHaveLength(3);
			expect(pidsOf(child.stdout).filter(isThere)).toEqual([]);
		},
		WITHIN,
	);
});

(hasNats ? describe : describe.skip)("the cluster at the keyboard", () => {
	it(
		"is one system through any gateway, survives a wrong command, says 503 without deciding nodes, and stops gracefully at Ctrl-C",
		async () => {
			const child = cluster(["--nodes", "commands=1,queries=1,gateway=2"]);
			await saying(child, /^help lists/);
			const [one = "", other = ""] = [...child.stdout.matchAll(/Vigie listens on (\S+)/g)].map(([, url = ""]) => url);
			const radar = { id: "A6-1", kind: "fixed", latitude: 48.7, longitude: 2.3 };
			const headers = { "content-type": "application/json", authorization: `Bearer ${tokenIn({ DATA_DIR: folder.path })}` };
			const made = await fetch(`${one}/radars`, { method: "POST", headers, body: JSON.stringify(radar) });
			const read = await fetch(`${other}/radars/A6-1`, { headers: { ...headers, "x-position": made.headers.get("x-position") ?? "" } });
			expect([made.status, read.status, await read.json()]).toEqual([201, 200, expect.objectContaining(radar)]);

			child.type("halt\nkill\nresume commands-1\njoin cooks\nwait long\nstatus\n");
			const [status] = await saying(child, /^ {2}gateway-2 +up +pid \d+ +http/);
			expect(status).toBeDefined();
			expect(child.stdout).toContain(
				"\nthere is no command halt; there are help, status, owners, kill, pause, resume, leave, join, wait, quit\n",
			);
			expect(child.stdout).toContain("\nusage: kill <node>\ncommands-1 is up\nthere is no node or role cooks; roles are ");
			expect(child.stdout).toContain('\n"long" has to be seconds, 0 to 3600\n');
			child.type("kill commands-1\nwait\nowners\n");
			await saying(child, /^Who follows/, 2);
			const refused = await eventually(async () => {
				const answer = await fetch(`${one}/radars`, { method: "POST", headers, body: JSON.stringify({ ...radar, id: "A6-2" }) });
				expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
				return answer;
			});
			expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: "SERVICE_UNAVAILABLE" })]);
			child.signal("SIGINT");
			expect(await child.ended(WITHIN)).toBe(0);
			expect(child.stdout.match(/Vigie has stopped/g)).toHaveLength(3);
			expect(child.stdout).not.toContain("Waiting for");
			expect(pidsOf(child.stdout).filter(isThere)).toEqual([]);
		},
		WITHIN,
	);
	it(
		"has a key of its own, only in a private file while it runs, with which commands on the same folder join it",
		async () => {
			const child = cluster();
			await saying(child, /^help lists/);
			child.type("status\n");
			await saying(child, / pid \d+/, 3);
			const file = join(folder.path, "cluster.key");
			const [key, mode] = [readFileSync(file, "utf8").trim(), statSync(file).mode & 0o777];
			expect([key.length, mode]).toEqual([44, 0o600]);
			for (const pid of pidsOf(child.stdout)) expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(key);
			const [, NATS_URL = ""] = /^NATS +(nats:\S+)$/m.exec(child.stdout) ?? [];
			expect((await es(folder.path, ["lag"], { NATS_URL })).stdout).toMatch(/^owners +registration:0/m);
			const elsewhere = new Folder();
			const refused = await es(elsewhere.path, ["lag"], { NATS_URL });
			elsewhere.remove();
			expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^NATS_URL needs CLUSTER_KEY, .*\n$/)]);
			child.signal("SIGINT");
			expect(await child.ended(WITHIN)).toBe(0);
			expect(child.stdout + child.stderr).not.toContain(key);
			expect(existsSync(file)).toBe(false);
		},
		WITHIN,
	);
	it(
		"does not outlive its supervisor, however that ended",
		async () => {
			const child = cluster();
			await saying(child, /^help lists/);
			child.type("status\n");
			await saying(child, / pid \d+/, 3);
			const nats = Number(/^NATS +nats:\S+:(\d+)$/m.exec(child.stdout)?.[1]);
			const ended = child.ended(WITHIN);
			child.signal("SIGKILL");
			await ended;
			running = [];
			await eventually(() => expect(pidsOf(child.stdout).filter(isThere)).toEqual([]), 30_000);
			await eventually(
				() =>
					new Promise<void>((gone, there) => {
						const socket = connect(nats, "127.0.0.1", () => (socket.destroy(), there(new Error("nats-server is still there"))));
						socket.once("error", () => gone());
					}),
			);
		},
		WITHIN,
	);
});

describe("a cluster that cannot start is refused in one line each:", () => {
	const refused = async (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
		const child = cluster(words, env);
		expect(await child.ended()).toBe(1);
		expect(child.stdout).toBe("");
		return child.stderr;
	};
	it("no nats-server", async () =>
		expect(await refused(SMALL, { PATH: folder.path })).toBe(
			"NATS_URL is not set, and there is no nats-server on PATH: give the URL of one, or install it\n",
		));
	it("unknown roles, and too many nodes of one", async () =>
		expect(await refused(["--nodes", "commands=33,cooks=2"])).toMatch(
			/^--nodes says commands=33: there can be 1 to 32 of a role\n--nodes names "cooks=2": it has to be role=number, with a role of \S.*\n$/,
		));
	it("services that no node would run", async () =>
		expect(await refused(["--nodes", "commands=1,radar-queries=1,gateway=1"])).toBe(
			"--nodes leaves out identity-queries, infraction-queries, operations-queries, registration-queries\n",
		));
	it("a script that does not exist", async () => expect(await refused(["--script", "no-such"])).toMatch(/^ENOENT: .*no-such'\n$/));
	it("invalid settings", async () =>
		expect(await refused(SMALL, { NATS_URL: "here" })).toBe('NATS_URL is "here": it has to be one or more of nats://host:port\n'));
});
