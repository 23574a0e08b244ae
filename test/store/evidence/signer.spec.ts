/** Signer - heads are signed often enough, without delaying writes, and never for an altered log (DESIGN §3, LAW 5). */
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
	/** Pending timers. */
	readonly timers: { readonly milliseconds: number; readonly run: () => void }[] = [];

	/** Heads outside the log. */
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
	/** Appends like a writer. */
	async write(count: number): Promise<readonly Commit[]> {
		const commits = things(count, this.log.shelf.tail);
		expect(await accepted(this.log, commits)).toBe(true);
		this.signer.appended(commits);
		await turns();
		return commits;
	}
	/** Runs the next timer. */
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
	it("a minute after the first unsigned commit", async () => {
		await node.write(1);
		await node.write(1);
		expect(node.timers.map(({ milliseconds }) => milliseconds)).toEqual([60_000]);
		await node.elapse();
		expect([node.heads, node.timers, node.signer.position]).toEqual([[2], [], 2]);
	});
	it("at a clean shutdown, if there are unsigned commits", async () => {
		await node.write(3);
		await node.signer.close();
		await node.signer.close();
		expect([node.heads, node.timers]).toEqual([[3], []]);
	});
	it("on request, once", async () => {
		await node.write(3);
		expect((await node.signer.sign())?.position).toBe(3);
		expect(await node.signer.sign()).toBeNull();
		await node.signer.close();
		expect([node.heads, node.timers]).toEqual([[3], []]);
	});
	it("once for concurrent requests", async () => {
		await node.write(3);
		await Promise.all([node.signer.sign(), node.signer.sign(), node.signer.close()]);
		expect(node.heads).toEqual([3]);
	});
	it("for commits that a killed process left unsigned, even without new commits", async () => {
		await node.write(5);
		await node.signer.sign();
		await accepted(node.log, things(2, node.log.shelf.tail)); // then the process was killed
		const next = new Node(node.log.shelf);
		await next.start();
		expect(await next.elapse()).toBe(60_000);
		expect([next.heads, next.reports]).toEqual([[5, 7], []]);
	});
	it("including commits of other processes, which are read and verified", async () => {
		const other = await new Node(node.log.shelf).start();
		await node.write(2);
		await node.signer.sign();
		await other.write(1500);
		await node.write(3);
		await node.signer.close();
		expect([node.heads, node.reports]).toEqual([[2, 1502, 1505], []]);
	});
	it("not for an empty log", async () => {
		node.signer.start();
		await node.elapse();
		await node.signer.close();
		expect([node.heads, node.reports, node.timers]).toEqual([[], [], []]);
	});
	it("without reading this node's own commits", async () => {
		await node.write(1);
		await node.signer.sign();
		node.log.looks.length = 0;
		await node.write(500);
		await node.write(500);
		expect([node.heads, node.log.looks]).toEqual([[1, 1001], [1001]]);
	});
	it("only after pending answers", async () => {
		const commits = things(1000);
		await accepted(node.log, commits);
		node.signer.appended(commits);
		expect([node.heads, node.log.looks]).toEqual([[], []]);
		for (let i = 0; i < 100; i++) await Promise.resolve(); // runs all pending microtasks
		expect(node.log.looks).toEqual([]);
		await turns();
		expect(node.heads).toEqual([1000]);
	});
});

describe("a signature that fails", () => {
	it("is reported, and retried after ten seconds", async () => {
		const keep = node.log.keepHead.bind(node.log);
		node.log.keepHead = () => Promise.reject(new Error("the disk is full"));
		await node.write(1000);
		expect([node.heads, node.reports]).toEqual([[], ["warn: bank:0 cannot be signed now: the disk is full"]]);
		node.log.keepHead = keep;
		await node.write(10);
		expect(await node.elapse()).toBe(10_000);
		expect([node.heads, node.timers]).toEqual([[1010], []]);
	});
	it("rejects the request, and is retried", async () => {
		await node.write(3);
		node.log.unreadable = 1;
		await expect(node.signer.sign()).rejects.toThrow("the store cannot be reached");
		await node.elapse();
		expect([node.heads, node.reports]).toEqual([[3], []]);
	});
	it("does not prevent a clean shutdown", async () => {
		await node.write(3);
		node.log.unreadable = 100;
		await node.signer.close();
		expect([node.reports, node.timers]).toEqual([["warn: bank:0 cannot be signed now: the store cannot be reached"], []]);
	});
});

describe("a log that does not match its last head is not signed:", () => {
	/** A log of ten commits, signed at five, opened by the next process. */
	const found = async (change: (shelf: Shelf) => void): Promise<Node> => {
		await node.write(5);
		await node.signer.sign();
		await node.write(5);
		change(node.log.shelf);
		return new Node(node.log.shelf, node.anchored);
	};
	const altered = (message: string) => `error: ${message}: it is no longer signed; run es-verify for details`;
	it.each([
		["it was truncated", (shelf: Shelf) => void shelf.commits.splice(4), "bank:0 has no commit 5, although a head for it was signed"],
		[
			"it was rewritten from the beginning",
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
		["a commit after the head was removed", (shelf: Shelf) => void shelf.commits.splice(6, 1), "bank:0:8 does not follow from 6"],
	])("%s", async (_what, change, message) => {
		const next = await found(change);
		await next.start();
		await next.elapse();
		expect([next.heads, next.reports]).toEqual([[5], [altered(message)]]);
		await expect(next.signer.sign()).rejects.toThrow(LogAltered);
		await next.signer.close();
		expect([next.heads, next.reports]).toEqual([[5], [altered(message)]]); // reported once
	});
	it("its heads were removed, although one is kept outside", async () => {
		const next = await found((shelf) => shelf.heads.splice(0));
		await next.start();
		await next.elapse();
		await next.write(1);
		await next.signer.close();
		expect([next.heads, next.reports]).toEqual([[], [altered("bank:0 holds no valid head, although one was signed at 5")]]);
	});

	it("it was rewritten after a head and the last heads were removed, although one is kept outside", async () => {
		const next = await found((shelf) => {
			const [head] = shelf.heads;
			if (head) node.anchored.set(head.partition, signHead(head.partition, shelf.tail, AT, key)); // signed later, and removed afterwards
			shelf.commits.splice(7, 3, ...things(3, shelf.commits[6]).map((commit) => ({ ...commit, hash: "forged" })));
		});
		await next.start();
		expect(next.reports).toEqual([altered("bank:0 has another hash at 10 than its head")]);
	});

	it("it was changed under a writer that continued from there", async () => {
		await node.write(5);
		await node.signer.sign();
		Object.assign(node.log.shelf.commits[4] ?? {}, { hash: "x" }); // the writer reads its tail again
		await node.write(1);
		await node.elapse();
		expect([node.heads, node.reports]).toEqual([[5], [altered("bank:0:6 does not follow from 5")]]);
	});
	it("but an invalid head is ignored", async () => {
		const next = await found((shelf) =>
			shelf.heads.push(signHead("bank:0", { position: 900, hash: tailOf(shelf.commits).hash }, AT, newKey())),
		);
		await next.signer.sign();
		expect(next.heads).toEqual([5, 900, 10]);
	});
	it("but one without any head is signed, with a warning", async () => {
		const next = await (await found((shelf) => (shelf.heads.splice(0), node.anchored.clear()))).start();
		await next.start(); // as for the second aggregate of the log
		await next.signer.sign();
		expect([next.heads, next.reports]).toEqual([[10], ["warn: bank:0 holds 10 commits and no head: they are signed from here on"]]);
	});
});
