/** Move - a move copies everything, can be interrupted anywhere, and refuses a wrong target without changing it. */
import { describe, expect, it } from "@jest/globals";
import { PartitionsFixed } from "../../store/log.ts";
import { type MoveOptions, move, type MoveEnd } from "../../store/move/move.ts";
import { type Advance, MoveRefused, MoveUnfinished } from "../../store/move/terms.ts";
import { CARS, drive } from "../support/cars.ts";
import { tail, tailOf, things } from "../support/commits.ts";
import { contentOf, Dead, emptyPlace, fullPlace, KEPT, KEYS, type MemoryPlace, Mortal, tableContent } from "../support/places.ts";
import { AT } from "../support/vault.ts";

const quietly: MoveOptions["watch"] = (_label, _total, work) => work(() => undefined);
const moved = (from: MoveEnd, to: MoveEnd, watch = quietly) =>
	move({ from, to, ...KEPT, keys: KEYS, turn: () => Promise.resolve(), watch });
/** Runs once, when the step of that name begins. */
const when = (label: string, run: () => unknown): MoveOptions["watch"] => {
	let done = false;
	return async (about, _total, work) => {
		if (about === label && !done) {
			done = true;
			await run();
		}
		return work(() => undefined);
	};
};
async function logOf({ logs }: MemoryPlace, context: string, partition = 0) {
	const log = (await logs.open(context))[partition];
	if (!log) throw new Error(`there is no ${context}:${partition}`);
	return log;
}
async function grown(place: MemoryPlace, commits = 1): Promise<void> {
	const log = await logOf(place, "cars");
	log.shelf.put(things(commits, tailOf(log.shelf.commits)));
}

describe("a move", () => {
	it("copies every commit, head, generation, row and checkpoint, and counts them", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const before = await contentOf(from);
		const { logs, rows } = await moved(from, to);
		expect(await contentOf(to)).toEqual(before);
		expect(await contentOf(from)).toEqual(before);
		expect(logs).toEqual([
			{ name: "cars:0", commits: 7, heads: 3, signed: 7 },
			{ name: "roads:0", commits: 0, heads: 0, signed: 0 },
			{ name: "roads:1", commits: 4, heads: 2, signed: 4 },
		]);
		expect(rows).toEqual([
			{ name: "cars", state: "kept", rows: 4 },
			{ name: "cars@2", state: "live", rows: 4 },
			{ name: "cars@3", state: "building", rows: 4 },
			{ name: "promise", state: null, rows: 4 },
		]);
	});

	it("is refused if the target has another key of a subject", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await to.vault.keep([{ subject: "owner:ada", wrapped: "another", master: "m" }]);
		await expect(moved(from, to)).rejects.toEqual(new MoveRefused("the target has another key of owner:ada"));
	});
	it("copies the installation id, also to the rows", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await to.rows.adoptInstallation("an empty one");
		await moved(from, to);
		const ours = await from.logs.installation();
		expect([await to.logs.installation(), await to.rows.installation()]).toEqual([ours, ours]);
	});

	it("is refused if the target holds the beginning of the source under another installation", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await moved(from, to);
		await to.logs.adoptInstallation("another");
		await expect(moved(from, to)).rejects.toEqual(new MoveRefused("the target belongs to another installation"));
	});

	it("interrupted before or after any step, and run again, ends like an uninterrupted one", async () => {
		const from = await fullPlace();
		const whole = await contentOf(from);
		let stops = 0;
		for (const before of [true, false])
			for (let at = 1, died = true; died; at++) {
				const to = emptyPlace();
				const mortal = new Mortal(at, before);
				died = await moved(from, mortal.place(to)).then(
					() => false,
					(error: unknown) => error instanceof Dead || Promise.reject(error),
				);
				stops += Number(died);
				expect(await half(from, to)).toEqual([]);
				await moved(from, to);
				expect(await contentOf(to)).toEqual(whole);
			}
		expect(stops).toBeGreaterThan(100);
	});
	/** Violations after an interrupted move: an incomplete log that could be mistaken for a complete one. */
	async function half(from: MemoryPlace, to: MemoryPlace): Promise<string[]> {
		const seen: string[] = [];
		for (const { number, spec } of await to.rows.generations("cars"))
			if (JSON.stringify(await tableContent(to.rows, spec)) !== JSON.stringify(await tableContent(from.rows, spec)))
				seen.push(`generation ${number} has not all its rows`);
		const there = [...to.logs.logs.values()].flat();
		if (there.every(({ shelf }) => shelf.commits.length === 0)) return seen;
		for (const log of there) {
			const all = (await logOf(from, log.name.split(":")[0] ?? "", Number(log.name.split(":")[1]))).shelf.commits.length;
			const { commits, heads } = log.shelf;
			if (commits.length < all && !heads.some(({ position }) => position === all)) seen.push(`${log.name} is cut short, and no head tells`);
		}
		if (!(await to.logs.moving()) && (there.length === 0 || JSON.stringify(await contentOf(to)) !== JSON.stringify(await contentOf(from))))
			seen.push("not everything is there, and nothing says that a move is under way");
		return seen;
	}

	it("resumes after a partial append or a lost answer", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const log = await logOf(to, "cars");
		log.script.push(2, "lost", 0 + 1);
		await moved(from, to);
		expect(await contentOf(to)).toEqual(await contentOf(from));
	});

	it("fails with the error of a target that accepts nothing", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		(await logOf(to, "cars")).script.push("rejected");
		await expect(moved(from, to)).rejects.toThrow("the store did not answer");
		(await logOf(to, "cars")).script.push("false");
		await expect(moved(from, to)).rejects.toThrow(new MoveUnfinished("cars:0 accepts no commits after 0"));
		await moved(from, to);
	});

	it("run again later copies new commits, and replaces rebuilt rows", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await moved(from, to);
		await grown(from, 5);
		await drive(await from.rows.open(CARS), { a: { colour: "red" }, z: {} });
		await from.rows.remove("cars", 3);
		await from.rows.begin(CARS, "again", AT);
		await from.rows.promote("cars", 3);
		expect(await moved(from, to)).toMatchObject({
			rows: [{ rows: 5 }, { rows: 4 }, { name: "cars@3", state: "live", rows: 0 }, { rows: 4 }],
		});
		expect(await contentOf(to)).toEqual(await contentOf(from));
	});

	it("reports steadily increasing progress up to the end", async () => {
		const told = new Map<string, number[]>();
		await moved(await fullPlace(), emptyPlace(), (label, total, work) => {
			const dones = told.set(label, []).get(label) ?? [];
			const advance: Advance = (done, of = total) => void dones.push(done, of - done);
			return work(advance);
		});
		for (const [label, dones] of told) {
			const [done, left] = [0, 1].map((part) => dones.filter((_, i) => i % 2 === part));
			expect([label, done]).toEqual([label, done?.toSorted((a, b) => a - b)]);
			expect([label, left?.at(-1), left?.every((some) => some >= 0)]).toEqual([label, 0, true]);
		}
		expect([...told.keys()]).toEqual(["keys of personal data", "commits", "rows", "verifying commits", "comparing rows"]);
	});
});

describe("a source that changes during the move", () => {
	it("is copied once more, and reported", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await expect(
			moved(
				from,
				to,
				when("rows", () => grown(from)),
			),
		).rejects.toThrow(new MoveUnfinished("another process wrote to the source during the move: stop it"));
		expect((await logOf(to, "cars")).shelf.commits).toEqual((await logOf(from, "cars")).shelf.commits);
		await moved(from, to);
	});
	it("leaves no row older than its checkpoint, although it changes while it is read", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const table = await from.rows.open(CARS);
		const scan = table.scan.bind(table);
		table.scan = async (after, limit) => {
			const rows = await scan(after, limit);
			table.scan = scan;
			await drive(table, { a: { colour: "late" } });
			return rows;
		};
		const enough = () => Promise.reject(new Error("enough"));
		await expect(moved(from, to, when("verifying commits", enough))).rejects.toThrow("enough");
		const there = await to.rows.open(CARS);
		expect((await there.load(["a"])).get("a")).toMatchObject({ at: { "cars:0": 2 }, columns: ["blue", null, "2026-03-01"] });
		expect(await there.checkpoints()).toMatchObject({ "cars:0": tail(2) });
	});
	it.each([
		["commits", "another process wrote to the source during the move: stop it", (place: MemoryPlace) => grown(place)],
		["comparing rows", "another process wrote to the source during the move: stop it", (place: MemoryPlace) => grown(place)],
		[
			"comparing rows",
			"the row a of cars is not the same on both sides",
			async ({ rows }: MemoryPlace) => drive(await rows.open(CARS), { a: { colour: "grey" } }),
		],
		[
			"comparing rows",
			"the checkpoints of cars are not the same on both sides",
			async ({ rows }: MemoryPlace) => (await rows.open(CARS)).save([], [{ partition: "cars:0", from: tail(2), to: tail(3) }]),
		],
		["comparing rows", "the generations of cars are not the same on both sides", async ({ rows }: MemoryPlace) => rows.promote("cars", 1)],
	])("is reported when it changes at the beginning of %s: %s", async (label, message, change) => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const early = label === "comparing rows" && message.includes("generations") ? "verifying commits" : label;
		await expect(
			moved(
				from,
				to,
				when(early, () => change(from)),
			),
		).rejects.toThrow(new MoveUnfinished(message));
		await moved(from, to);
		expect(await contentOf(to)).toEqual(await contentOf(from));
	});
});

describe("refused, without a change of the target, is", () => {
	const refusal = async (from: MemoryPlace, to: MemoryPlace, error: Error): Promise<void> => {
		const before = [await to.logs.contexts(), await contentOf(to)];
		await expect(moved(from, to)).rejects.toThrow(error);
		expect([await to.logs.contexts(), await contentOf(to)]).toEqual(before);
	};
	const notOurs = (what: string) =>
		new MoveRefused(`${what} at the target is not from the source: the target must be empty or hold the beginning of the source`);

	it("a source without any log", () => refusal(emptyPlace(), emptyPlace(), new MoveRefused("there is no log at the source")));
	it("a source with an unfinished move", async () => {
		const from = await fullPlace();
		await from.logs.setMoving(true);
		await refusal(from, emptyPlace(), new MoveRefused("a move to the source has not finished, so the source is incomplete"));
	});
	it("a target with another number of partitions", async () => {
		const to = emptyPlace();
		await to.logs.open("roads", 3);
		const line = 'partitions of the log "roads": 2 at the source, 3 at the target; a log keeps the number it was created with';
		await refusal(await fullPlace(), to, new PartitionsFixed(line));
	});
	it("a target with another beginning", async () => {
		const to = emptyPlace();
		(await logOf(to, "cars")).shelf.put(things(2));
		await refusal(await fullPlace(), to, notOurs("the commit cars:0:2"));
	});
	it("a target with additional commits", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await moved(from, to);
		await grown(to);
		await refusal(from, to, notOurs("the commit cars:0:8"));
	});
	it("a target with another log, unless it is empty", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await to.logs.open("vans", 5);
		await moved(from, to);
		(await logOf(to, "vans", 3)).shelf.put(things(1));
		await refusal(from, to, notOurs("the log vans:3"));
	});
	it("a target whose rows are ahead of the source or of its own log", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const promise = { ...CARS, name: "promise" };
		await drive(await to.rows.open(promise), {});
		const line = (position: number) =>
			new MoveRefused(
				`promise at the target was made from cars:0:${position}: the target must be empty or hold the beginning of the source`,
			);
		await refusal(from, to, line(1));
		const other = emptyPlace();
		await moved(from, other);
		await drive(await other.rows.open(promise), { a: {} });
		await refusal(from, other, line(3));
	});
});

describe("not accepted as moved is", () => {
	it("a source with a broken chain: nothing after the break is copied", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const { commits } = (await logOf(from, "cars")).shelf;
		commits[4] = { ...things(5)[4], ...commits[4], body: '{"facts":[]}' } as (typeof commits)[number];
		await expect(moved(from, to)).rejects.toThrow(
			new MoveRefused("cars:0:5 of the source does not follow from the commit before it: run es-verify for details"),
		);
		expect((await logOf(to, "cars")).shelf.commits).toEqual(commits.slice(0, 3));
	});
	it("a log truncated before a signed head", async () => {
		const from = await fullPlace();
		(await logOf(from, "cars")).shelf.commits.pop();
		await expect(moved(from, emptyPlace())).rejects.toThrow(/^TRUNCATED at cars:0:7: /);
	});
	it("a head signed by an unknown key", async () => {
		const options = { from: await fullPlace(), to: emptyPlace(), ...KEPT, turn: () => Promise.resolve(), watch: quietly };
		await expect(move({ ...options, keys: new Map() })).rejects.toThrow(/^UNKNOWN_KEY at cars:0:3: .* \(and 2 more\)$/);
		await move({ ...options, keys: KEYS });
	});
	it("a target that was changed after it was written", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const { shelf } = await logOf(to, "cars");
		const tamper = () => shelf.commits.splice(2, 1, { ...shelf.commits[2], body: "{}" } as (typeof shelf.commits)[number]);
		await expect(moved(from, to, when("verifying commits", tamper))).rejects.toThrow(/^CHANGED_COMMIT at cars:0:3: /);
	});
	it("a target with a different head of the same key at the same position", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		const { heads } = (await logOf(from, "cars")).shelf;
		const there = await logOf(to, "cars");
		const keep = there.keepHead.bind(there);
		there.keepHead = async (head) => (head.position === 7 ? undefined : keep(head));
		await expect(moved(from, to)).rejects.toThrow(new MoveRefused("the head of cars:0 at 7 is different at the target"));
		expect(heads).toHaveLength(3);
	});
	it("a target with an additional row", async () => {
		const [from, to] = [await fullPlace(), emptyPlace()];
		await (
			await to.rows.open({ ...CARS, name: "promise" })
		).save([{ before: { ...EMPTY_ROW, id: "x" }, after: { ...EMPTY_ROW, id: "x" } }], []);
		await expect(moved(from, to)).rejects.toThrow(new MoveRefused("promise has a row x at the target and none at the source"));
	});
});
const EMPTY_ROW = { id: "", rev: 0, at: {}, data: null, columns: null, due: null };
