/** Codec - personal fields are sealed before the text is hashed, opened only in their place, and null once their subject is forgotten. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Codec, decode, forgottenIn } from "../../store/codec.ts";
import type { Commit, LogPartition, RecordedFact } from "../../store/log.ts";
import type { Job, Verdict } from "../../store/job.ts";
import { Writer } from "../../store/writer.ts";
import { SealingCodec } from "../../store/vault/codec.ts";
import type { Vault } from "../../store/vault/vault.ts";
import { flawOf, recorded } from "../support/commits.ts";
import { MemoryKeys, memoryVault, newMaster } from "../support/memory-keys.ts";
import { ScriptedLog, Shelf } from "../support/scripted-log.ts";

interface Data {
	readonly id: string;
	readonly at: string;
}
const owner = (data: object): string => `owner:${(data as Data).id}`; // the codec adds the id
const RULES = new Map([
	["owner.registered", { fields: ["name", "phone"], of: owner }],
	["owner.seen", { fields: ["plate"], of: (data: object) => `epoch:${(data as Data).at.slice(0, 7)}` }], // the codec adds the instant
	["owner.forgotten", { forgets: owner }],
]);
const ADA = { kind: "person", name: "Ada Quixwort", note: 'a text with "sealed":{"of":"owner:x"' };
const registered = (data: object = ADA): RecordedFact => ({ type: "owner.registered", data });
const forgotten: RecordedFact = { type: "owner.forgotten", data: { reason: "asked" } };

const master = newMaster();
/** One node: a writer and a codec of its own on a shared log and key store. */
class Node {
	readonly vault: Vault;
	readonly codec: Codec;
	readonly log: LogPartition;
	readonly writer: Writer;
	readonly written: Commit[] = [];

	constructor(shelf: Shelf, keys: MemoryKeys) {
		this.vault = memoryVault(keys, [master]);
		this.codec = new SealingCodec("registration", this.vault);
		this.codec.learn(RULES);
		this.log = this.codec.opening(new ScriptedLog(shelf, { name: "registration:0" }));
		this.writer = new Writer(this.log, {
			memory: () => undefined,
			memories: () => [],
			appended: (commits) => {
				this.codec.landed(commits);
				this.written.push(...commits);
			},
			soon: setImmediate,
			pause: () => new Promise((resolve) => setImmediate(resolve)),
			codec: this.codec,
		});
	}
	write(stream: string, version: number, ...facts: readonly RecordedFact[]): Promise<Commit> {
		return new Promise((landed, failed) => {
			const decide = (): Verdict => ({ version, recorded: recorded(facts) });
			const nothing = (): void => undefined;
			const job: Job = {
				stream,
				unread: true,
				decide,
				landed,
				failed,
				proven: nothing,
				again: () => this.writer.submit(job),
				recall: nothing,
			};
			this.writer.submit(job);
		});
	}
	async facts(): Promise<unknown[]> {
		return (await this.log.read(0, 100)).flatMap((commit) => decode(commit).facts);
	}
}

describe("personal data in a log", () => {
	let shelf: Shelf;
	let keys: MemoryKeys;
	let node: Node;
	beforeEach(() => {
		shelf = new Shelf();
		keys = new MemoryKeys();
		node = new Node(shelf, keys);
	});

	it("is not in the stored text, and is read back exactly, by this node and by another one", async () => {
		const landed = await node.write("owner-ada", 0, registered());
		expect(shelf.commits[0]?.body).not.toContain("Quixwort");
		expect(shelf.commits[0]?.body).toContain('"name":null');
		expect(decode(landed).facts).toEqual([registered()]);
		expect(await node.facts()).toEqual([registered()]);
		expect(await new Node(shelf, keys).facts()).toEqual([registered()]);
		expect(flawOf(await node.log.read(0, 100))).toBeNull(); // the hash covers the sealed text
	});
	it("has another text each time, so that equal data cannot be recognized", async () => {
		await node.write("owner-a", 0, registered());
		await node.write("owner-b", 0, registered());
		const [one, other] = shelf.commits.map(({ body }) => /"text":"([^"]+)"/.exec(body)?.[1]);
		expect(one?.length).toBe(other?.length);
		expect(one).not.toBe(other);
	});
	it("leaves facts without personal fields as they are, also beside others in one commit", async () => {
		const plain = { type: "owner.moved", data: { name: "not personal here" } };
		await node.write("owner-ada", 0, plain, registered());
		expect(shelf.commits[0]?.body).toContain("not personal here");
		expect(await node.facts()).toEqual([plain, registered()]);
	});
	it("is sealed under the key of its period if the rule says so", async () => {
		await node.write("owner-ada", 0, { type: "owner.seen", data: { plate: "AB-123-CD" } });
		expect([...keys.kept.keys()]).toEqual(["epoch:2026-03"]);
		expect(await node.facts()).toEqual([{ type: "owner.seen", data: { plate: "AB-123-CD" } }]);
	});
	it("is refused in the place of other data: another stream, version, part or fact", async () => {
		await node.write("owner-ada", 0, registered());
		const [first] = shelf.commits;
		if (!first) throw new Error("nothing was written");
		const moved: readonly Partial<Commit>[] = [
			{ stream: "owner-bob" },
			{ version: 1 },
			{ body: first.body.replace("owner.registered", "owner.renamed") },
			{ body: first.body.replace('"facts":[', '"facts":[{"type":"owner.moved","data":{}},') },
		];
		for (const change of moved) {
			shelf.commits[0] = { ...first, ...change };
			const [commit] = await new Node(shelf, keys).log.read(0, 1);
			expect(() => commit && decode(commit)).toThrow(/the sealed data of owner\.\w+ does not belong there/);
		}
	});
	it("that was read without its keys is an error, never a blank", () => {
		return node.write("owner-ada", 0, registered()).then(() => {
			expect(() => shelf.commits[0] && decode({ ...shelf.commits[0] })).toThrow(/its keys were not fetched/);
		});
	});
	it("is null once its subject is forgotten, at once on this node, also in commits read before", async () => {
		await node.write("owner-ada", 0, registered());
		await node.write("owner-bob", 0, registered({ kind: "person", name: "Bob" }));
		const [before] = await node.log.read(0, 1);
		expect(before && decode(before).facts).toEqual([registered()]);
		await node.write("owner-ada", 1, forgotten);
		const blank = registered({ ...ADA, name: null });
		expect(before && decode(before).facts).toEqual([blank]);
		expect(node.written[0] && decode(node.written[0]).facts).toEqual([blank]);
		expect(await node.facts()).toEqual([blank, registered({ kind: "person", name: "Bob" }), forgotten]);
		expect(forgottenIn(shelf.commits[2] ?? { body: "" })).toEqual(["owner:ada"]);
	});
	it("is null on another node as soon as it reads the fact that forgets, although the key still exists", async () => {
		const other = new Node(shelf, keys);
		await node.write("owner-ada", 0, registered());
		expect(await other.facts()).toEqual([registered()]);
		await node.write("owner-ada", 1, forgotten);
		expect(await other.facts()).toEqual([registered({ ...ADA, name: null }), forgotten]);
		expect(keys.kept.get("owner:ada")?.wrapped).not.toBeNull();
	});
	it("of a subject that is forgotten already is never stored", async () => {
		await node.vault.destroy(["owner:ada"]);
		const landed = await node.write("owner-ada", 0, registered());
		expect(shelf.commits[0]?.body).not.toContain('"sealed":{');
		expect(decode(landed).facts).toEqual([registered({ ...ADA, name: null })]);
	});
	it("fails alone if no key can be stored, and is written once it can", async () => {
		const keep = keys.keep.bind(keys);
		keys.keep = () => Promise.reject(new Error("the disk is full"));
		const [refused, plain] = await Promise.allSettled([
			node.write("owner-ada", 0, registered()),
			node.write("owner-bob", 0, { type: "owner.moved", data: {} }),
		]);
		expect([refused?.status, plain?.status]).toEqual(["rejected", "fulfilled"]);
		expect(shelf.commits.map(({ stream }) => stream)).toEqual(["owner-bob"]);
		keys.keep = keep;
		await node.write("owner-ada", 0, registered());
		expect(shelf.commits.map(({ stream }) => stream)).toEqual(["owner-bob", "owner-ada"]);
	});
	it("has its key stored before the commit that uses it", async () => {
		const order: string[] = [];
		const keep = keys.keep.bind(keys);
		keys.keep = async (all) => {
			await new Promise((resolve) => setImmediate(resolve));
			await keep(all);
			order.push("key");
		};
		const log = new ScriptedLog(shelf, { name: "registration:0" });
		log.before = () => void order.push("commit");
		const codec = new SealingCodec("registration", node.vault);
		codec.learn(RULES);
		const done = new Promise<Commit>((landed, failed) => {
			const nothing = (): void => undefined;
			const job: Job = {
				stream: "owner-ada",
				unread: true,
				decide: () => ({ version: 0, recorded: recorded([registered()]) }),
				landed,
				failed,
				proven: nothing,
				again: nothing,
				recall: nothing,
			};
			const writer = new Writer(codec.opening(log), {
				memory: () => undefined,
				memories: () => [],
				appended: nothing,
				soon: setImmediate,
				pause: () => Promise.resolve(),
				codec,
			});
			writer.submit(job);
		});
		await done;
		expect(order).toEqual(["key", "commit"]);
	});
});
