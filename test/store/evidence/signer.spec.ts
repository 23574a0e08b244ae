/** Heads are signed often enough, beside those who write and never in their way, and never for a log that was changed (DESIGN §3, LAW 5). */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { doubtOf, signHead } from "../../../store/evidence/heads.ts";
import type { Commit, Head } from "../../../store/log.ts";
import { LogAltered } from "../../../store/evidence/anchors.ts";
import { Signer } from "../../../store/evidence/signer.ts";
import { accepted, chainedAfter, tailOf, things } from "../../support/commits.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { turns } from "../../support/turns.ts";
import { AT, newKey, publicOf } from "../../support/vault.ts";

const key = newKey();
const known = publicOf(key);

class Node {
	readonly log: ScriptedLog;
	readonly signer: Signer;
	readonly reports: string[] = [];
	/** What waits for its time. */
	readonly timers: { readonly milliseconds: number; readonly run: () => void }[] = [];

	/** Heads kept outside the log. */
	readonly anchored: Map<string, Head>;

	constructor(shelf = new Shelf(), anchored = new Map<string, Head>()) {
		this.log = new ScriptedLog(shelf);
		this.anchored = anchored;
		this.signer = new Signer(this.log, {
			keys: { signing: key, known },
			anchors: { of: (partition) => anchored.get(partition), keep: (head) => void anchored.set(head.partition, head) },
			now: () => AT,
			later: (milliseconds, run) => {
				const timer = { milliseconds, run };
				this.timers.push(timer);
				return () => void this.timers.splice(this.timers.indexOf(timer), this.timers.includes(timer) ? 1 : 0);
			},
			turn: () => turns(1),
			report: (level, message) => this.reports.push(`${level}: ${message}`),
		});
	}
	async start(): Promise<this> {
		this.signer.start();
		await turns();
		return this;
	}
	get heads(): readonly number[] {
		return this.log.shelf.heads.map(({ position }) => position);
	}
	/** As a writer does it. */
	async write(count: number): Promise<readonly Commit[]> {
		const commits = things(count, this.log.shelf.tail);
		expect(await accepted(this.log, commits)).toBe(true);
		this.signer.appended(commits);
		await turns();
		return commits;
	}
	/** The time the next timer waits for has come. */
	async elapse(): Promise<number | undefined> {
		const timer = this.timers.shift();
		timer?.run();
		await turns();
		return timer?.milliseconds;
	}
}
let node: Node;
beforeEach(async () => {
	node = await new Node().start();
});

describe("a head is signed", () => {
	it("with the thousandth commit since the last, not before", async () => {
		await node.write(999);
		expect(node.heads).toEqual([]);
		await node.write(1);
		expect(node.heads).toEqual([1000]);
		await node.write(700);
		await node.write(400);
		expect(node.heads).toEqual([1000, 2100]);
		const [last] = node.log.shelf.heads.slice(-1);
		expect(last && doubtOf(last, known)).toBeNull();
		expect(last?.hash).toBe(node.log.shelf.tail.hash);
	});
	it("a minute after the first commit that has none", async () => {
		await node.write(1);
		await node.write(1);
		expect(node.timers.map(({ milliseconds }) => milliseconds)).toEqual([60_000]);
		await node.elapse();
		expect([node.heads, node.timers, node.signer.position]).toEqual([[2], [], 2]);
	});
	it("at a clean stop, if something has none yet", async () => {
		await node.write(3);
		await node.signer.close();
		await node.signer.close();
		expect([node.heads, node.timers]).toEqual([[3], []]);
	});
	it("when it is asked for, once", async () => {
		await node.write(3);
		expect((await node.signer.sign())?.position).toBe(3);
		expect(await node.signer.sign()).toBeNull();
		await node.signer.close();
		expect([node.heads, node.timers]).toEqual([[3], []]);
	});
	it("once, by all who ask at the same time", async () => {
		await node.write(3);
		await Promise.all([node.signer.sign(), node.signer.sign(), node.signer.close()]);
		expect(node.heads).toEqual([3]);
	});
	it("for what a killed process left without one, though nothing more is written", async () => {
		await node.write(5);
		await node.signer.sign();
		await accepted(node.log, things(2, node.log.shelf.tail)); // and then it was killed
		const next = new Node(node.log.shelf);
		await next.start();
		expect(await next.elapse()).toBe(60_000);
		expect([next.heads, next.reports]).toEqual([[5, 7], []]);
	});
	it("with what others wrote in between, which is read and followed", async () => {
		const other = await new Node(node.log.shelf).start();
		await node.write(2);
		await node.signer.sign();
		await other.write(1500);
		await node.write(3);
		await node.signer.close();
		expect([node.heads, node.reports]).toEqual([[2, 1502, 1505], []]);
	});
	it("not when there is nothing", async () => {
		node.signer.start();
		await node.elapse();
		await node.signer.close();
		expect([node.heads, node.reports, node.timers]).toEqual([[], [], []]);
	});
	it("without reading what this node wrote itself", async () => {
		await node.write(1);
		await node.signer.sign();
		node.log.looks.length = 0;
		await node.write(500);
		await node.write(500);
		expect([node.heads, node.log.looks]).toEqual([[1, 1001], [1001]]);
	});
	it("only after those who wait for their answer", async () => {
		const commits = things(1000);
		await accepted(node.log, commits);
		node.signer.appended(commits);
		expect([node.heads, node.log.looks]).toEqual([[], []]);
		for (let i = 0; i < 100; i++) await Promise.resolve(); // all that waits for no turn
		expect(node.log.looks).toEqual([]);
		await turns();
		expect(node.heads).toEqual([1000]);
	});
});

describe("a signature that fails", () => {
	it("is told, and tried again in ten seconds", async () => {
		const keep = node.log.keepHead.bind(node.log);
		node.log.keepHead = () => Promise.reject(new Error("the disk is full"));
		await node.write(1000);
		expect([node.heads, node.reports]).toEqual([[], ["warn: bank:0 cannot be signed now: the disk is full"]]);
		node.log.keepHead = keep;
		await node.write(10);
		expect(await node.elapse()).toBe(10_000);
		expect([node.heads, node.timers]).toEqual([[1010], []]);
	});
	it("is told to whoever asked, and tried again all the same", async () => {
		await node.write(3);
		node.log.unreadable = 1;
		await expect(node.signer.sign()).rejects.toThrow("the store cannot be reached");
		await node.elapse();
		expect([node.heads, node.reports]).toEqual([[3], []]);
	});
	it("at a clean stop does not stop the stop", async () => {
		await node.write(3);
		node.log.unreadable = 100;
		await node.signer.close();
		expect([node.reports, node.timers]).toEqual([["warn: bank:0 cannot be signed now: the store cannot be reached"], []]);
	});
});

describe("a log that does not follow from its last head is not signed:", () => {
	/** A log of ten commits, signed at five, as the next process finds it. */
	const found = async (change: (shelf: Shelf) => void): Promise<Node> => {
		await node.write(5);
		await node.signer.sign();
		await node.write(5);
		change(node.log.shelf);
		return new Node(node.log.shelf, node.anchored);
	};
	const altered = (message: string) => `error: ${message}: it is no longer signed; run es-verify for details`;
	it.each([
		["it was cut", (shelf: Shelf) => void shelf.commits.splice(4), "bank:0 has no commit 5, although a head for it was signed"],
		[
			"it was chained anew from the beginning",
			(shelf: Shelf) =>
				void shelf.commits.splice(
					0,
					10,
					...chainedAfter(
						{ position: 0, hash: "" },
						shelf.commits.map(({ stream }) => ({ stream, version: 0, body: "{}" })),
					),
				),
			"bank:0 has another hash at 5 than its head",
		],
		[
			"a commit after the head was changed",
			(shelf: Shelf) => void Object.assign(shelf.commits[7] ?? {}, { body: "{}" }),
			"bank:0:8 does not follow from 7",
		],
		["a commit after the head was dropped", (shelf: Shelf) => void shelf.commits.splice(6, 1), "bank:0:8 does not follow from 6"],
	])("%s", async (_what, change, message) => {
		const next = await found(change);
		await next.start();
		await next.elapse();
		expect([next.heads, next.reports]).toEqual([[5], [altered(message)]]);
		await expect(next.signer.sign()).rejects.toThrow(LogAltered);
		await next.signer.close();
		expect([next.heads, next.reports]).toEqual([[5], [altered(message)]]); // said once
	});
	it("its heads were removed, though one is kept outside", async () => {
		const next = await found((shelf) => shelf.heads.splice(0));
		await next.start();
		await next.elapse();
		await next.write(1);
		await next.signer.close();
		expect([next.heads, next.reports]).toEqual([[], [altered("bank:0 holds no valid head, although one was signed at 5")]]);
	});

	it("it was chained anew after a head, the last ones removed, though one is kept outside", async () => {
		const next = await found((shelf) => {
			const [head] = shelf.heads;
			if (head) node.anchored.set(head.partition, signHead(head.partition, shelf.tail, AT, key)); // signed later, and removed since
			shelf.commits.splice(7, 3, ...things(3, shelf.commits[6]).map((commit) => ({ ...commit, hash: "forged" })));
		});
		await next.start();
		expect(next.reports).toEqual([altered("bank:0 has another hash at 10 than its head")]);
	});

	it("it was changed under a writer that went on from there", async () => {
		await node.write(5);
		await node.signer.sign();
		Object.assign(node.log.shelf.commits[4] ?? {}, { hash: "x" }); // and the writer reads its tail anew
		await node.write(1);
		await node.elapse();
		expect([node.heads, node.reports]).toEqual([[5], [altered("bank:0:6 does not follow from 5")]]);
	});
	it("but a head that proves nothing is not what it has to follow from", async () => {
		const next = await found((shelf) =>
			shelf.heads.push(signHead("bank:0", { position: 900, hash: tailOf(shelf.commits).hash }, AT, newKey())),
		);
		await next.signer.sign();
		expect(next.heads).toEqual([5, 900, 10]);
	});
	it("but one that was never signed is, with a word on it", async () => {
		const next = await (await found((shelf) => (shelf.heads.splice(0), node.anchored.clear()))).start();
		await next.start(); // with the second kind of actor
		await next.signer.sign();
		expect([next.heads, next.reports]).toEqual([[10], ["warn: bank:0 holds 10 commits and no head: they are signed from here on"]]);
	});
});
