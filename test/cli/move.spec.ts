/** npm run move, as an operator runs it: from one folder to another, to MongoDB and back; killed, repeated, refused. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processTableOf } from "../../mixins/processes/rows.ts";
import { caseOpening } from "../../services/infraction/case-opening.service.ts";
import { openKeys } from "../../store/evidence/keys.ts";
import { signHead } from "../../store/evidence/heads.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";
import { blank } from "../../store/rows.ts";
import { everything, furnished } from "../http/machine/faults.ts";
import { tail, tailOf, things } from "../support/commits.ts";
import { contentOf, figure, revisionsOf } from "../support/data-folder.ts";
import { Folder } from "../support/folder.ts";
import { mongoServer } from "../support/mongo.ts";
import { Child, es } from "../support/operator.ts";
import { System } from "../support/system.ts";

const server = await mongoServer();
afterAll(() => server?.stop());

const IN_TIME = 60_000;
/** Time limit of a test that runs it several times, on a busy machine. */
const LONG = 240_000;
let place: Folder;
beforeEach(() => {
	place = new Folder();
});
afterEach(() => place.remove());

const begun = (words: readonly string[]): Child => new Child("cli/move.ts", words, place.path);
async function run(...words: readonly string[]) {
	const child = begun(words);
	const code = await child.ended(IN_TIME);
	return { code, stdout: child.stdout, stderr: child.stderr };
}
const move = (from: string, to: string) => run("--from", from, "--to", to);
const folder = (name: string): string => place.file(name);
const sqlite = (path: string): string => `sqlite:${path}`;
const PART =
	"a move to this store has not finished, so part of the logs is missing: run the same move again to resume it, or remove what is here\n";
const DONE = "moved: every commit, head, row and checkpoint is the same on both sides\n";

describe("a system with one actor of each kind", () => {
	let source: string;
	let told: unknown;
	let heads: string;
	beforeAll(async () => {
		const system = await furnished();
		source = system.dataDir;
		expect((await es(source, "rebuild radars --json")).code).toBe(0);
		told = await everything(system);
		heads = (await es(source, "heads")).stdout;
		await system.stop();
	});
	afterAll(() => System.at(source).dispose());
	/** Checks that nothing is missing, and that heads signed and exported before still match. */
	async function proven(there: string): Promise<void> {
		expect(contentOf(there)).toEqual(contentOf(source));
		writeFileSync(folder("heads.txt"), heads);
		const { code, json } = await es(there, ["verify", "--heads", folder("heads.txt"), "--json"]);
		expect({ code, json }).toMatchObject({ code: 0, json: { ok: true } });
		expect((json["partitions"] as readonly { heads: number }[]).reduce((all, one) => all + one.heads, 0)).toBeGreaterThan(2);
	}

	it("is the same in another folder, to the byte but without the signing key, and runs there without folding anything again", async () => {
		const there = folder("there");
		const { code, stdout } = await move(sqlite(source), sqlite(there));
		expect({ code, end: stdout.endsWith(DONE) }).toEqual({ code: 0, end: true });
		expect(stdout).toMatch(/\nradar:0 +\d+ +1 +\d+\n/);
		expect(stdout).toMatch(/\nradars +kept +2\nradars@2 +live +2\n/);
		expect(readdirSync(join(there, "keys"))).toEqual(readdirSync(join(source, "keys")).filter((name) => /\.pub$|^master\.key$/.test(name)));
		await proven(there);
		const { events, rows } = contentOf(there);
		const checkpoints = rows["checkpoints"]?.map(({ partition, position }) => [partition, position]) ?? [];
		const tails = new Map(Object.entries(events).map(([table, commits]) => [table.replace("log_", "").replace("_", ":"), commits.length]));
		expect(checkpoints.length).toBeGreaterThan(5);
		expect(checkpoints).toEqual(checkpoints.map(([partition]) => [partition, tails.get(String(partition))]));
		const written = revisionsOf(there);
		copyFileSync(join(source, "keys", "token"), join(there, "keys", "token")); // a new folder has a token of its own, which is a fact
		const system = await System.start({}, { dataDir: there });
		try {
			expect(await everything(system)).toEqual(told);
			await system.stop();
			expect(revisionsOf(there)).toEqual(written);
			await system.up();
			const { status, body } = await system.post("/owners", { kind: "person", name: "Later", email: "later@example.org" });
			expect(status).toBe(201);
			expect((await system.get(`/owners/${body.id}`, { "X-Position": body.position })).status).toBe(200);
		} finally {
			await system.kill();
		}
	});

	(server ? it : it.skip)(
		"is the same after a time on MongoDB: from SQLite there, and back into another folder",
		async () => {
			const there = server?.place();
			if (!there) throw new Error("no test runs without a server");
			try {
				expect(await move(sqlite(source), there.url)).toMatchObject({ code: 0, stdout: expect.stringContaining(DONE) });
				expect(await move(sqlite(source), `mongodb:${there.url}`)).toMatchObject({ code: 0 }); // nothing is left to move
				expect(await move(there.url, sqlite(folder("back")))).toMatchObject({ code: 0, stdout: expect.stringContaining(DONE) });
				await proven(folder("back"));
			} finally {
				await there.remove();
			}
		},
		LONG,
	);

	it("is not mixed with another one", async () => {
		const other = await furnished();
		try {
			await other.stop();
			const before = contentOf(other.dataDir);
			const { code, stdout, stderr } = await move(sqlite(source), sqlite(other.dataDir));
			expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
			expect(stderr).toMatch(
				/^not moved: the commit \S+ at the target is not from the source: the target must be empty or hold the beginning of the source\n$/,
			);
			expect(contentOf(other.dataDir)).toEqual(before);
		} finally {
			await other.dispose();
		}
	});

	it("keeps its number of partitions", async () => {
		const there = new SqliteLogStore(folder("events.db"), 4);
		await there.open("radar");
		await there.close();
		expect(await move(sqlite(source), sqlite(place.path))).toEqual({
			code: 1,
			stdout: "",
			stderr: 'not moved: partitions of the log "radar": 1 at the source, 4 at the target; a log keeps the number it was created with\n',
		});
	});
});

describe("a long log", () => {
	const COMMITS = 30_000;
	const ROWS = 20_000;
	/** Two partitions of a log, signed; a read model and the rows of a process. */
	async function filled(path: string, commitsEach: number, rowsEach: number): Promise<void> {
		const { signing } = openKeys(join(path, "keys"));
		const logs = new SqliteLogStore(join(path, "events.db"), 2);
		for (const log of await logs.open("radar")) {
			const commits = things(commitsEach);
			for (let i = 0; i < commits.length; i += log.maxBatch) await log.append(commits.slice(i, i + log.maxBatch));
			await log.keepHead(signHead(log.name, tailOf(commits), "2026-03-01T08:15:00.000Z", signing));
		}
		const installation = await logs.installation();
		await logs.close();
		const rows = new SqliteRowStore(join(path, "rows.db"));
		await rows.adoptInstallation(installation);
		const { spec } = await rows.begin({ name: "radars", columns: ["kind"], counted: ["kind"] }, "code", "2026-03-01T08:15:00.000Z");
		for (const one of [spec, processTableOf(caseOpening)]) {
			const all = Array.from({ length: rowsEach }, (_, i) => blank(`row-${i}`));
			const changes = all.map((before, i) => ({
				before,
				after: { ...before, at: { "radar:0": i + 1 }, data: { i }, columns: one.columns.map(() => `kind-${i % 5}`) },
			}));
			await (await rows.open(one)).save(changes, [{ partition: "radar:0", from: tail(0), to: tailOf(things(commitsEach)) }]);
		}
		await rows.close();
	}
	let source: string;
	let there: string;
	beforeEach(async () => {
		[source, there] = [folder("source"), folder("there")];
		await filled(source, COMMITS / 2, ROWS / 2);
	});
	/** The current content of the target. */
	const moved = (table: string): number => {
		const file = join(there, table.startsWith("log_") ? "events.db" : "rows.db");
		return figure(file, `SELECT count(*) FROM "${table}"`) ?? 0;
	};
	/** Sends a signal to the move at a given progress; resolves to its exit code and output. */
	async function signalled(signal: NodeJS.Signals, to: string, reached: () => boolean | Promise<boolean>) {
		const child = begun(["--from", sqlite(source), "--to", to]);
		const ended = child.ended(IN_TIME);
		let over = false;
		void ended.finally(() => (over = true));
		while (!over && !(await reached())) await new Promise((resolve) => setImmediate(resolve));
		child.signal(signal);
		return { code: await ended, stdout: child.stdout, stderr: child.stderr };
	}

	it(
		"killed at any moment can be resumed, and the incomplete target is never used",
		async () => {
			const points = [
				["log_radar_0", 1],
				["log_radar_0", Math.floor(Math.random() * (COMMITS / 2))],
				["log_radar_1", Math.floor(Math.random() * (COMMITS / 2))],
				["rows_radars", 1],
				["rows_case-opening", Math.floor(Math.random() * (ROWS / 2))],
			] as const;
			const inTime: boolean[] = [];
			for (const [table, least] of points) {
				inTime.push((await signalled("SIGKILL", sqlite(there), () => moved(table) >= least)).code === null);
				if (inTime.at(-1)) expect(await System.at(there).ending()).toMatchObject({ code: 1, output: `DATA_DIR is "${there}": ${PART}` });
			}
			expect(inTime.filter(Boolean).length).toBeGreaterThan(2);
			const { code, stdout } = await move(sqlite(source), sqlite(there));
			expect({ code, end: stdout.endsWith(DONE) }).toEqual({ code: 0, end: true });
			expect(contentOf(there)).toEqual(contentOf(source));
		},
		LONG,
	);

	it("interrupted by Ctrl-C says so, and can be resumed", async () => {
		const { code, stdout, stderr } = await signalled("SIGINT", sqlite(there), () => moved("log_radar_0") > 0);
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toMatch(/\nnot moved: it was stopped; run the move again: it goes on where it stopped\n$/);
		expect((await move(sqlite(source), sqlite(there))).code).toBe(0);
	});

	(server ? it : it.skip)(
		"killed on its way to MongoDB can be resumed, and comes back complete",
		async () => {
			const database = server?.place();
			if (!database) throw new Error("no test runs without a server");
			await filled((source = folder("short")), 1500, 1000); // FerretDB scans all commits where MongoDB uses an index
			try {
				for (const [collection, least] of [
					["log.radar.1", 200],
					["rows.radars", 200],
				] as const) {
					const reached = async () => (await database.db.collection(collection).estimatedDocumentCount()) >= least;
					expect((await signalled("SIGKILL", database.url, reached)).code).toBeNull();
					const settings = { MONGO_URL: database.url, DATA_DIR: folder("keys") };
					expect(await System.at(folder("keys"), settings).ending()).toMatchObject({ code: 1, output: `MONGO_URL: ${PART}` });
				}
				const { code, stderr } = await move(database.url, sqlite(there));
				expect({ code, stderr }).toEqual({
					code: 1,
					stderr: expect.stringMatching(/(^|\n)not moved: a move to the source has not finished, so .*\n$/),
				});
				expect((await move(sqlite(source), database.url)).code).toBe(0);
				expect((await move(database.url, sqlite(there))).code).toBe(0);
				expect(contentOf(there)).toEqual(contentOf(source));
			} finally {
				await database.remove();
			}
		},
		LONG,
	);

	it(
		"that another process writes to is not moved until that stops",
		async () => {
			const logs = new SqliteLogStore(join(source, "events.db"));
			const [, log] = await logs.open("radar");
			if (!log) throw new Error("it has two partitions");
			const child = begun(["--from", sqlite(source), "--to", sqlite(there)]);
			const ended = child.ended(IN_TIME);
			let over = false;
			void ended.finally(() => (over = true));
			while (!over) await log.append(things(1, await log.tail()));
			const { position } = await log.tail();
			await logs.close();
			expect({ code: await ended, stdout: child.stdout }).toEqual({ code: 1, stdout: "" });
			expect(child.stderr).toMatch(
				/\nnot moved: another process wrote to the source during the move: stop it; run the move again: it goes on where it stopped\n$/,
			);
			expect(await move(sqlite(source), sqlite(there))).toMatchObject({ code: 0 });
			expect(moved("log_radar_1")).toBe(position);
			expect(contentOf(there)).toEqual(contentOf(source));
		},
		LONG,
	);
});

describe("its operator", () => {
	it.each([
		[[], "--from and --to are needed: npm run move -- --help"],
		[["--from", "sqlite:a"], "--from and --to are needed: npm run move -- --help"],
		[["--from", "sqlite:a", "--to", "sqlite:./b/../a"], "--from and --to are the same place"],
		[["--from", "mongodb://h/d", "--to", "mongodb:mongodb://h/d"], "--from and --to are the same place"],
		[["--from", "mysql://me:secret@h", "--to", "sqlite:a"], "--from has to be sqlite:DIR or mongodb://HOST/DATABASE"],
		[["--from", "sqlite:/nowhere", "--to", "sqlite:a"], "--from: there is no log in /nowhere"],
	])("gets an explanation for %j", async (words, complaint) => {
		expect(await run(...words)).toEqual({ code: 1, stdout: "", stderr: `not moved: ${complaint}\n` });
	});
	it("gets a description with an example", async () => {
		const { code, stdout, stderr } = await run("--help");
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toMatch(
			/^Usage: npm run move -- --from <place> --to <place>\n[^]*\nFor example: npm run move -- --from sqlite:\.\/data --to mongodb:/,
		);
	});
	it("gets one line if a database does not answer, without its password", async () => {
		const source = new SqliteLogStore(folder("events.db"));
		await source.open("radar");
		await source.close();
		const { code, stderr } = await move(sqlite(place.path), "mongodb://me:secret@127.0.0.1:1/d");
		expect(code).toBe(1);
		expect(stderr).toMatch(/^not moved: --to: [^\n]*127\.0\.0\.1:1[^\n]*\n$/);
		expect(stderr).not.toContain("secret");
	});
});
