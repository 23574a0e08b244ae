/** LogContract - the tests that every event store has to pass (DESIGN §3, LAW 1). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { GENESIS } from "../../store/chain.ts";
import { type Commit, endsBefore, type Head, type LogPartition, type LogStore, PartitionsFixed } from "../../store/log.ts";
import { accepted, chainedAfter, type Drafted, EMPTY, everything, flawOf, stored, tailOf, things } from "../support/commits.ts";

/** The store of one test; a second `open` simulates a restart or another process. */
export interface Place {
	open(partitions?: number): LogStore;
	remove(): void | Promise<void>;
}

const ODD = [
	"Zoë “fährt” 48 km/h — à Saint-Étienne 🚓",
	`it's "quoted", \`ticked\`; DROP TABLE logs; --`,
	"back\\slash / ? :1 $2 %s ${x}",
	"line\r\nbreak\tand\u2028separator\u2029",
	"حفيظ والقانون",
	"e\u0301 is not \u00e9",
	"\u{10FFFF}\uFFFD\u200B",
	"",
];

export function logContract(name: string, makePlace: () => Place): void {
	describe(`the log of ${name}`, () => {
		let place: Place;
		const opened: LogStore[] = [];
		beforeEach(() => {
			place = makePlace();
		});
		afterEach(async () => {
			for (const store of opened.splice(0)) await store.close();
			await place.remove();
		});
		const start = (partitions?: number): LogStore => {
			const store = place.open(partitions);
			opened.push(store);
			return store;
		};
		const only = async (store = start(), context = "radar"): Promise<LogPartition> => {
			const [partition] = await store.open(context);
			if (!partition) throw new Error("a log has at least one partition");
			return partition;
		};

		it("is empty at first, and its first commit is at position 1", async () => {
			const log = await only();
			expect(await log.tail()).toEqual({ position: 0, hash: GENESIS });
			expect(await log.read(0, 10)).toEqual([]);
			expect(await log.append(things(1))).toBe(true);
			expect((await log.read(0, 10)).map(({ position }) => position)).toEqual([1]);
		});

		it("returns exactly the appended commits, with the last one as its tail", async () => {
			const log = await only();
			const first = things(3);
			const second = things(2, tailOf(first));
			expect(await log.append(first)).toBe(true);
			expect(await log.append(second)).toBe(true);
			expect((await everything(log)).map(stored)).toEqual([...first, ...second]);
			expect(await log.tail()).toEqual({ position: 5, hash: tailOf(second).hash });
		});

		it("accepts its maximum batch size in one append", async () => {
			const log = await only();
			const many = things(log.maxBatch);
			expect(await log.append(many)).toBe(true);
			expect(await log.tail()).toEqual({ position: log.maxBatch, hash: tailOf(many).hash });
		});

		it.each([
			["at an existing position", 0],
			["in the middle of the log", 2],
			["after a gap", 4],
		])("appends nothing %s", async (_where, after) => {
			const log = await only();
			const kept = things(3);
			await log.append(kept);
			const stranger = chainedAfter({ position: after, hash: "x" }, [
				{ stream: "stranger-1", version: 0 },
				{ stream: "stranger-2", version: 0 },
			]);
			expect(await accepted(log, stranger)).toBe(false);
			expect((await everything(log)).map(stored)).toEqual(kept);
			expect(await log.append(things(1, tailOf(kept)))).toBe(true);
		});

		it("accepts each version of a stream once", async () => {
			const log = await only();
			const first = chainedAfter(EMPTY, [{ stream: "radar-1", version: 0 }]);
			await log.append(first);
			expect(await accepted(log, chainedAfter(tailOf(first), [{ stream: "radar-1", version: 0 }]))).toBe(false);
			expect((await everything(log)).map(stored)).toEqual(first);
			expect(await log.append(chainedAfter(tailOf(first), [{ stream: "radar-1", version: 1 }]))).toBe(true);
		});

		it("appends nothing, or the part before the conflict, of a batch with an existing version", async () => {
			const log = await only();
			const kept = chainedAfter(EMPTY, [{ stream: "radar-1", version: 0 }]);
			await log.append(kept);
			const batch = chainedAfter(tailOf(kept), [
				{ stream: "radar-2", version: 0 },
				{ stream: "radar-1", version: 0 },
				{ stream: "radar-3", version: 0 },
			]);
			expect(await accepted(log, batch)).toBe(false);
			const found = (await everything(log)).map(stored);
			expect([1, 2]).toContain(found.length);
			expect(found).toEqual([...kept, ...batch].slice(0, found.length));
		});

		it("reads commits after a position, in order, up to the limit", async () => {
			const log = await only();
			const all = things(7);
			await log.append(all);
			for (const [after, limit] of [
				[0, 7],
				[0, 3],
				[3, 2],
				[6, 5],
				[7, 5],
				[100, 5],
			] as const)
				expect((await log.read(after, limit)).map(stored)).toEqual(all.slice(after, after + limit));
		});

		it("finds the commits of several streams, each in order, and none of a stream that does not exist", async () => {
			const log = await only();
			const all = chainedAfter(EMPTY, [
				{ stream: "radar-1", version: 0 },
				{ stream: "radar-2", version: 0 },
				{ stream: "radar-1", version: 1 },
				{ stream: "radar-10", version: 0 },
				{ stream: "radar-1", version: 2 },
			]);
			await log.append(all);
			const found = Map.groupBy(await log.streams(["radar-2", "radar-404", "radar-1"], 100), ({ stream }) => stream);
			expect([...found.keys()].toSorted()).toEqual(["radar-1", "radar-2"]);
			expect(found.get("radar-1")?.map(stored)).toEqual(all.filter(({ stream }) => stream === "radar-1"));
			expect(found.get("radar-2")?.map(stored)).toEqual(all.filter(({ stream }) => stream === "radar-2"));
			expect(await log.streams([], 100)).toEqual([]);
		});

		it("limits the commits of several streams: complete streams, and the beginning of one", async () => {
			const log = await only();
			const all = chainedAfter(
				EMPTY,
				Array.from({ length: 12 }, (_, i) => ({ stream: `radar-${i % 3}`, version: Math.floor(i / 3) })),
			);
			await log.append(all);
			for (const limit of [1, 3, 4, 7, 12]) {
				const found = await log.streams(["radar-0", "radar-1", "radar-2"], limit);
				expect(found).toHaveLength(limit);
				const streams = [...Map.groupBy(found, ({ stream }) => stream)];
				for (const [i, [stream, commits]] of streams.entries()) {
					const own = all.filter((commit) => commit.stream === stream);
					expect(commits.map(stored)).toEqual(i + 1 < streams.length ? own : own.slice(0, commits.length));
				}
			}
		});

		it("finds the last commit of a stream before a version", async () => {
			const log = await only();
			const all = chainedAfter(EMPTY, [
				{ stream: "radar-1", version: 0 },
				{ stream: "radar-2", version: 0 },
				{ stream: "radar-1", version: 3 },
			]);
			await log.append(all);
			const before = async (version: number) => (await log.lastBefore("radar-1", version))?.position ?? null;
			expect(await Promise.all([0, 1, 3, 4].map(before))).toEqual([null, 1, 1, 3]);
			expect(await log.lastBefore("radar-404", 9)).toBeNull();
		});

		it("reads one stream in pages, from a version on", async () => {
			const log = await only();
			const all = chainedAfter(EMPTY, [
				{ stream: "radar-1", version: 0 },
				{ stream: "radar-10", version: 0 },
				{ stream: "radar-1", version: 3 },
				{ stream: "radar-1", version: 4 },
			]);
			await log.append(all);
			const own = all.filter(({ stream }) => stream === "radar-1");
			const piece = async (from: number, limit: number) => (await log.stream("radar-1", from, limit)).map(stored);
			expect(await piece(0, 2)).toEqual(own.slice(0, 2));
			expect(await piece(1, 2)).toEqual(own.slice(1));
			expect(await piece(3, 2)).toEqual(own.slice(1));
			expect(await piece(4, 1)).toEqual(own.slice(2));
			expect(await piece(5, 1)).toEqual([]);
			expect(await log.stream("radar-404", 0, 1)).toEqual([]);
		});

		it.each(ODD.map((text) => [JSON.stringify(text), text]))("stores the unusual text %s unchanged", async (_name, text) => {
			const log = await only();
			const odd = chainedAfter(EMPTY, [{ stream: `owner-${text}`, version: 0, body: text === "" ? "{}" : text }]);
			expect(await log.append(odd)).toBe(true);
			expect((await log.read(0, 1)).map(stored)).toEqual(odd);
			expect((await log.streams([`owner-${text}`], 9)).map(stored)).toEqual(odd);
		});

		it("stores a body of a megabyte", async () => {
			const log = await only();
			const long = chainedAfter(EMPTY, [{ stream: "owner-1", version: 0, body: JSON.stringify("é".repeat(524_288)) }]);
			await log.append(long);
			expect((await log.read(0, 1)).map(stored)).toEqual(long);
		});

		it("has everything after a restart", async () => {
			const first = place.open();
			const log = await only(first, "case-opening");
			const kept = things(5);
			await log.append(kept);
			await first.close();
			const again = await only(start(), "case-opening");
			expect((await everything(again)).map(stored)).toEqual(kept);
			expect(await again.tail()).toEqual({ position: 5, hash: tailOf(kept).hash });
			expect(await again.append(things(1, tailOf(kept)))).toBe(true);
		});

		it("stores signed heads per partition, in order, and duplicates once", async () => {
			const first = place.open(2);
			const [log, other] = await first.open("radar");
			if (!log || !other) throw new Error("two partitions were asked for");
			const head = (position: number, key: string, { name } = log): Head => ({
				partition: name,
				position,
				hash: `h${position}`,
				at: "2026-03-01T08:15:00.000Z",
				key,
				signature: `s${key}`,
			});
			expect(await log.heads()).toEqual([]);
			for (const one of [head(2500, "b"), head(10, "a"), head(2500, "a"), head(10, "a")]) await log.keepHead(one);
			await other.keepHead(head(7, "a", other));
			await log.keepHead({ ...head(10, "a"), hash: "another", at: "later" }); // ignored: the first one is kept
			await first.close();
			const [again, beside] = await start().open("radar");
			expect(await again?.heads()).toEqual([head(10, "a"), head(2500, "a"), head(2500, "b")]);
			expect(await beside?.heads()).toEqual([head(7, "a", other)]);
			expect((await again?.tail())?.position).toBe(0);
		});

		it("keeps only the newest head of a key in each thousand positions", async () => {
			const [log, other] = await start(2).open("radar");
			if (!log || !other) throw new Error("two partitions were asked for");
			const keep = (position: number, key = "a", { name, keepHead } = log) =>
				keepHead.call(log, { partition: name, position, hash: "h", at: "2026-03-01T08:15:00.000Z", key, signature: "s" });
			const kept = async (of = log) => (await of.heads()).map(({ position, key }) => `${position}${key}`);
			await other.keepHead({ partition: other.name, position: 5, hash: "h", at: "2026-03-01T08:15:00.000Z", key: "a", signature: "s" });
			for (const position of [1, 999, 1000, 1001, 1999, 2000]) await keep(position);
			await keep(400, "b");
			expect(await kept()).toEqual(["400b", "999a", "1999a", "2000a"]);
			await keep(1500); // late: does not remove a newer head
			expect(await kept()).toEqual(["400b", "999a", "1500a", "1999a", "2000a"]);
			await keep(1999);
			expect(await kept()).toEqual(["400b", "999a", "1999a", "2000a"]);
			expect(await kept(other)).toEqual(["5a"]);
		});

		it("reports whether a position is the last one", async () => {
			const [log, other] = [await only(), await only(start())];
			expect(await log.endsAt(0)).toBe(true);
			await other.append(things(3));
			expect(await Promise.all([0, 2, 3].map((position) => log.endsAt(position)))).toEqual([false, false, true]);
		});

		it("proves that it ends before a position", async () => {
			const log = await only();
			await log.append(things(3));
			expect(await Promise.all([1, 3, 4, 1000].map((position) => endsBefore(log, position)))).toEqual([false, false, true, true]);
		});

		it("belongs to one installation, the same for every process, until another one adopts it", async () => {
			const stores = [start(), start(), start()];
			const [one, ...others] = await Promise.all(stores.map((store) => store.installation()));
			expect(one).toMatch(/^[\da-f-]{36}$/);
			expect(others).toEqual([one, one]);
			await stores[0]?.adoptInstallation("another");
			expect(await stores[1]?.installation()).toBe("another");
			expect(await start().installation()).toBe("another");
		});

		it("records an unfinished move until it has finished", async () => {
			const store = start();
			expect(await store.moving()).toBe(false);
			for (let i = 0; i < 2; i++) await store.setMoving(true);
			expect(await start().moving()).toBe(true);
			for (let i = 0; i < 2; i++) await store.setMoving(false);
			expect([await store.moving(), await start().moving()]).toEqual([false, false]);
		});

		it("lets only one of two processes append at the same position, and shows its commits to the other", async () => {
			const [mine, theirs] = [await only(start()), await only(start())];
			const here = chainedAfter(EMPTY, [{ stream: "radar-1", version: 0 }]);
			const there = chainedAfter(EMPTY, [{ stream: "radar-2", version: 0 }]);
			const won = await Promise.all([accepted(mine, here), accepted(theirs, there)]);
			expect(won.toSorted()).toEqual([false, true]);
			for (const log of [mine, theirs]) expect((await everything(log)).map(stored)).toEqual(won[0] ? here : there);
		});

		it("keeps the number of partitions it was created with", async () => {
			const first = place.open(3);
			const partitions = await first.open("radar");
			expect(partitions.map((partition) => partition.name)).toEqual(["radar:0", "radar:1", "radar:2"]);
			await partitions[2]?.append(things(1));
			await first.close();
			const unset = start();
			expect(await unset.open("radar")).toHaveLength(3);
			await expect((async () => start(4).open("radar"))()).rejects.toThrow(/4.*"radar".*3/);
			expect(await start(3).open("radar")).toHaveLength(3);
			expect(await unset.open("radar")).toHaveLength(3);
		});

		it("lists logs without creating any, and creates one with the requested partitions", async () => {
			const store = start();
			expect(await store.contexts()).toEqual(new Map());
			expect(await store.open("radar", 2)).toHaveLength(2);
			expect(await store.open("registration", 3)).toHaveLength(3);
			const again = start();
			expect([...(await again.contexts())].toSorted()).toEqual([
				["radar", 2],
				["registration", 3],
			]);
			expect(await again.open("radar", 2)).toHaveLength(2);
			await expect(again.open("radar", 3)).rejects.toThrow(PartitionsFixed);
			expect((await again.contexts()).get("radar")).toBe(2);
		});

		it("counts positions, versions and tails separately for each partition and log", async () => {
			const store = start(2);
			const logs = [...(await store.open("radar")), ...(await store.open("registration"))];
			for (const [i, log] of logs.entries()) expect(await log.append(things(i + 1))).toBe(true);
			for (const [i, log] of logs.entries()) {
				expect((await everything(log)).map(stored)).toEqual(things(i + 1));
				expect((await log.tail()).position).toBe(i + 1);
			}
		});

		it("holds exactly the appends made at its end, after random attempts", async () => {
			const attempt = fc.record({
				shift: fc.constantFrom(0, 0, 0, -1, 1),
				drafts: fc.array(fc.record({ stream: fc.constantFrom("a-1", "a-2", "a-3"), behind: fc.constantFrom(0, 0, 0, 1) }), {
					minLength: 1,
					maxLength: 4,
				}),
			});
			const store = start();
			let runs = 0;
			await fc.assert(
				fc.asyncProperty(fc.array(attempt, { maxLength: 12 }), async (attempts) => {
					const log = await only(store, `log-${++runs}`);
					const kept: Commit[] = [];
					for (const { shift, drafts } of attempts) {
						const batch = chainedAfter({ ...tailOf(kept), position: kept.length + shift }, versioned(kept, drafts));
						const whole = await accepted(log, batch);
						const added = (await log.read(kept.length, 100)).map(stored);
						if (whole || shift !== 0) expect(added).toEqual(whole ? batch : []);
						else expect(added).toEqual(batch.slice(0, added.length)); // nothing, or a prefix
						kept.push(...added);
					}
					expect(flawOf(await everything(log))).toBeNull();
				}),
				{ numRuns: 60 },
			);
		});
	});
}

/** The next version, or an outdated one as from a decision on an old state. */
function versioned(kept: readonly Commit[], drafts: readonly { readonly stream: string; readonly behind: number }[]): Drafted[] {
	const versions = new Map<string, number>();
	for (const { stream } of kept) versions.set(stream, (versions.get(stream) ?? 0) + 1);
	return drafts.map(({ stream, behind }) => {
		const version = Math.max(0, (versions.get(stream) ?? 0) - behind);
		versions.set(stream, version + 1);
		return { stream, version };
	});
}
