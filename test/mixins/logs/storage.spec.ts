/** Storage - a shutdown finishes and signs all partitions of all logs in parallel; the failure of one does not affect the others. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Storage } from "../../../mixins/logs/storage.ts";
import type { Head } from "../../../store/log.ts";
import type { Signer } from "../../../store/evidence/signer.ts";
import { accepted, things } from "../../support/commits.ts";
import { MemoryRowStore } from "../../support/memory-rows.ts";
import { ScriptedLog } from "../../support/scripted-log.ts";
import { restless, turns } from "../../support/turns.ts";
import { newKey, publicOf } from "../../support/vault.ts";

const LOGS = ["bank:0", "bank:1", "shop:0", "shop:1"] as const;
const key = newKey();

/** A log that keeps a head only when the test allows it. */
class SlowLog extends ScriptedLog {
	readonly answer = Promise.withResolvers<void>();
	asked = false;
	override async keepHead(head: Head): Promise<void> {
		this.asked = true;
		await this.answer.promise;
		await super.keepHead(head);
	}
}

describe("a stop", () => {
	let logs: readonly SlowLog[];
	let storage: Storage;
	let reports: string[];
	let closed: boolean;
	const of = (context: string) => logs.filter(({ name }) => name.startsWith(`${context}:`));
	const asked = () => logs.filter((log) => log.asked).map(({ name }) => name);
	const signed = () => logs.filter(({ shelf }) => shelf.heads.at(-1)?.position === 3).map(({ name }) => name);
	const signerOf = async (name: string): Promise<Signer> => {
		const { signers } = await storage.context(name.slice(0, -2));
		const signer = signers.find(({ log }) => log.name === name);
		if (!signer) throw new Error(`no one signs ${name}`);
		return signer;
	};

	beforeEach(async () => {
		logs = LOGS.map((name) => new SlowLog(undefined, { name }));
		reports = [];
		closed = false;
		const stores = {
			logs: {
				installation: async () => "one",
				adoptInstallation: async () => undefined,
				contexts: async () => new Map(),
				open: async (context: string) => of(context),
				moving: async () => false,
				setMoving: async () => undefined,
				close: async () => void (closed = true),
			},
			rows: new MemoryRowStore(),
			keys: { signing: key, known: publicOf(key) },
		};
		storage = new Storage(
			() => stores,
			(level, message) => reports.push(`${level}: ${message}`),
			restless,
		);
		for (const log of logs) {
			const commits = things(3);
			await accepted(log, commits);
			(await signerOf(log.name)).appended(commits);
		}
	});

	it("asks for the heads of all partitions before the first is kept, and closes the stores after the last", async () => {
		const closing = storage.close();
		await turns();
		expect(asked()).toEqual(LOGS);
		for (const log of logs.slice(1)) log.answer.resolve();
		await turns();
		expect([signed(), closed]).toEqual([LOGS.slice(1), false]);
		logs[0]?.answer.resolve();
		await closing;
		expect([signed(), closed, reports]).toEqual([LOGS, true, []]);
	});

	it("signs the others when the head of one cannot be kept", async () => {
		logs[0]?.answer.reject(new Error("the disk is full"));
		for (const log of logs.slice(1)) log.answer.resolve();
		await storage.close();
		expect([signed(), closed]).toEqual([LOGS.slice(1), true]);
		expect(reports).toEqual(["warn: bank:0 cannot be signed now: the disk is full"]);
	});

	it("signs the others and closes the stores when a signer fails, and rejects with the failure", async () => {
		const broken = await signerOf("bank:0");
		broken.close = () => Promise.reject(new Error("broken"));
		for (const log of logs) log.answer.resolve();
		await expect(storage.close()).rejects.toThrow("broken");
		expect([signed(), closed]).toEqual([LOGS.slice(1), true]);
	});

	it("signs a partition after its pending work, and the others meanwhile", async () => {
		for (const log of logs) log.answer.resolve();
		const { writers } = await storage.context("bank");
		const busy = Promise.withResolvers<void>();
		if (writers[0]) writers[0].drained = () => busy.promise;
		const closing = storage.close();
		await turns();
		expect([asked(), signed(), closed]).toEqual([LOGS.slice(1), LOGS.slice(1), false]);
		busy.resolve();
		await closing;
		expect([signed(), closed]).toEqual([LOGS, true]);
	});
});
