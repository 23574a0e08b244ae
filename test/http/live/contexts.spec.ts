/** The live feed and its contexts: some start later, some do not answer at first, and each may have the maximum number of partitions. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Errors, type Context, type ServiceSchema } from "moleculer";
import { callsOf, FREE } from "../../support/access.ts";
import { serviceFiles } from "../../../node/services.ts";
import { MAX_PARTITIONS } from "../../../node/settings.ts";
import { type Running, start } from "../../../node/start.ts";
import type { LiveAsked, LivePage } from "../../../mixins/logs/live.ts";
import { storageOf } from "../../../mixins/logs/storage.ts";
import { Folder } from "../../support/folder.ts";
import { LiveFeed } from "../../support/live-feed.ts";
import { eventually, TOKEN } from "../../support/system.ts";

let folder: Folder;
let system: Running;
const open: LiveFeed[] = [];
beforeEach(() => void (folder = new Folder()));
afterEach(async () => {
	for (const feed of open.splice(0)) feed.close();
	await system.stop();
	folder.remove();
});
const begin = async (settings: Record<string, string>): Promise<void> =>
	void (system = await start({ DATA_DIR: folder.path, PORT: "0", LOG_LEVEL: "fatal", BOOTSTRAP_TOKEN: TOKEN, ...settings }));
/** A gateway that knows whose the token is. */
const beginAlone = async (): Promise<void> => {
	await begin({ SERVICES: "gateway" });
	const holder = { kind: "client", id: "reader", roles: ["operator"], sid: "reader" };
	system.broker.createService({ name: "identity", actions: { authenticate: { may: FREE, handler: () => holder } } });
	await system.broker.waitForServices("identity");
};
const listen = async (lastEventId?: string): Promise<LiveFeed> => {
	const headers = { authorization: `Bearer ${TOKEN}`, ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) };
	const feed = await LiveFeed.open({ host: "127.0.0.1", port: Number(new URL(system.url).port), path: "/api/live", headers });
	open.push(feed);
	return feed;
};
const install = (n: number) => callsOf(system.broker)("radar.install", { id: `R${n}`, kind: "fixed", latitude: 48, longitude: 2 });
const told = ({ events }: LiveFeed) =>
	events.filter(({ event }) => event.startsWith("radar.")).map(({ event, data }) => `${event} ${JSON.parse(data).id}`);

describe("a live feed whose contexts start later", () => {
	beforeEach(async () => {
		await beginAlone();
		storageOf(system.broker).open();
	});
	/** Starts the services of a context, as a new node does. */
	async function join(...names: readonly string[]): Promise<void> {
		for (const { url } of serviceFiles().filter(({ name }) => names.includes(name)))
			system.broker.createService(((await import(url.href)) as { default: ServiceSchema }).default); // a file under services/
		await system.broker.waitForServices([...names]);
	}

	it("adds each of them when it starts, and its positions to every later id", async () => {
		const feed = await listen();
		expect([feed.status, feed.lastId]).toEqual([200, ""]);
		await join("radar", "radar-log");
		await eventually(() => expect(feed.lastId).toBe("radar:0:0"));
		await install(1);
		await eventually(() => expect(told(feed)).toEqual(["radar.installed R1"]));
		expect(feed.lastId).toBe("radar:0:1");
		await join("registration-log");
		await eventually(() => expect(feed.lastId).toBe("radar:0:1,registration:0:0"));
		await install(2);
		await eventually(() => expect(feed.events.at(-1)?.id).toBe("radar:0:2,registration:0:0"));
		expect([told(feed), feed.ended]).toEqual([["radar.installed R1", "radar.installed R2"], false]);
	});
	it("loses nothing for a client that reconnects with an id without an event", async () => {
		await join("radar", "radar-log");
		const feed = await listen();
		await eventually(() => expect(feed.lastId).toBe("radar:0:0"));
		await join("registration-log");
		await eventually(() => expect(feed.lastId).toBe("radar:0:0,registration:0:0"));
		feed.close();
		await install(1);
		const again = await listen(feed.lastId);
		await eventually(() => expect(told(again)).toEqual(["radar.installed R1"]));
	});
	it("resumes at the client's position in a context that starts after the client has reconnected", async () => {
		await join("radar");
		for (const n of [1, 2]) await install(n);
		const feed = await listen("radar:0:1");
		await join("registration-log");
		await eventually(() => expect(feed.lastId).toBe("radar:0:1,registration:0:0"));
		await join("radar-log");
		await eventually(() => expect(told(feed)).toEqual(["radar.installed R2"]));
		expect(feed.lastId).toBe("radar:0:2,registration:0:0");
	});
});

describe("a live feed whose node has just died", () => {
	const asked: object[] = [];
	const page: LivePage = { facts: [], before: "radar:0:7", after: "radar:0:7", unreadable: null };
	let lost = 0;
	let held = Promise.withResolvers<LivePage>();
	beforeEach(async () => {
		asked.length = 0;
		held = Promise.withResolvers();
		held.promise.catch(() => undefined); // a test may not await it
		await beginAlone();
		const live = async (ctx: Context<LiveAsked>): Promise<LivePage> => {
			const { timeout, retries } = ctx.options;
			asked.push({ wait: ctx.params.wait, timeout, retries });
			if (asked.length <= lost) throw new Errors.RequestRejectedError({ action: "radar-log.live", nodeID: "dead" });
			return ctx.params.wait ? held.promise : page;
		};
		system.broker.createService({ name: "radar-log", actions: { live: { may: FREE, timeout: 0, handler: live } } });
		await system.broker.waitForServices("radar-log");
	});
	afterEach(() => held.reject(new Error("it is over")));

	it("opens on another node, with the usual timeout for the first page and a longer one for later pages", async () => {
		lost = 2;
		expect((await listen()).status).toBe(200);
		await eventually(() => expect(asked.length).toBe(4));
		const first = { wait: 0, timeout: 10_000, retries: undefined };
		expect(asked).toEqual([first, first, first, { wait: 10_000, timeout: 20_000, retries: 0 }]);
	});
	it("ends its polls when its client has disconnected, even without an answer", async () => {
		lost = Infinity;
		const { feeds } = system.broker.getLocalService("gateway") as unknown as { feeds: ReadonlySet<unknown> }; // set when it is created
		const gone = new AbortController();
		const waiting = fetch(`${system.url}/live`, { signal: gone.signal, headers: { authorization: `Bearer ${TOKEN}` } });
		await eventually(() => expect([feeds.size, asked.length > 1]).toEqual([1, true]));
		gone.abort();
		await expect(waiting).rejects.toThrow("aborted");
		await eventually(() => expect(feeds.size).toBe(0));
	});
});

describe("a live feed of the maximum number of partitions", () => {
	const logs = serviceFiles().flatMap(({ name, context }) => (name.endsWith("-log") ? [context] : []));
	const places = (place: string) =>
		logs.flatMap((log) => Array.from({ length: MAX_PARTITIONS }, (_, n) => `${log}:${n}:${place}`)).join(",");

	it("resumes after an id of any length, including its own, and more partitions are refused", async () => {
		await begin({ PARTITIONS: String(MAX_PARTITIONS) });
		const longest = places("000000000000000.0000");
		expect(longest.length).toBeLessThan(12 * 1024); // of the 16 KiB of all headers
		const feed = await listen(longest);
		expect(feed.status).toBe(200);
		await install(1);
		await eventually(() => expect(told(feed)).toEqual(["radar.installed R1"]));
		expect(feed.lastId.split(",")).toHaveLength(logs.length * MAX_PARTITIONS);
		feed.close();
		await install(2);
		const again = await listen(feed.lastId);
		await eventually(() => expect(told(again)).toEqual(["radar.installed R2"]));
		await install(3);
		await eventually(() => expect(told(again)).toEqual(["radar.installed R2", "radar.installed R3"]));
		expect(again.ended).toBe(false);
		const more = start({ DATA_DIR: folder.path, PORT: "0", PARTITIONS: String(MAX_PARTITIONS + 1) });
		await expect(more).rejects.toThrow('PARTITIONS is "65": it has to be a whole number from 1 to 64');
	});
});
