/** Client - the demo's client, against servers with correct and with faulty answers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Client, inParallel, NotDone, NotReached } from "../../demo/client.ts";
import { reply, type Service, serve } from "./service.ts";

const open: { service: Service; client: Client }[] = [];
async function talkTo(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<Client> {
	const service = await serve(answer);
	const client = new Client(service.url);
	open.push({ service, client });
	return client;
}
afterEach(async () => {
	for (const { service, client } of open.splice(0)) {
		client.close();
		await service.stop();
	}
});

describe("a call", () => {
	it("sends JSON and returns the body and the position", async () => {
		const client = await talkTo(async (incoming, outgoing) => {
			const { method, url, headers } = incoming;
			reply(outgoing, 201, { method, url, type: headers["content-type"], sent: await text(incoming) }, { "x-position": "radar:0:7" });
		});
		expect(await client.post("/owners", { name: "Zélie" })).toEqual({
			status: 201,
			body: { method: "POST", url: "/api/owners", type: "application/json", sent: '{"name":"Zélie"}' },
			position: "radar:0:7",
		});
	});

	it("sends the position that a read must show", async () => {
		const client = await talkTo(({ headers }, outgoing) => reply(outgoing, 200, { asked: headers["x-position"] ?? null }));
		expect((await client.get("/radars", "radar:0:7")).body).toEqual({ asked: "radar:0:7" });
		expect((await client.get("/radars")).body).toEqual({ asked: null });
	});

	it("reuses its connection", async () => {
		const ports = new Set<number | undefined>();
		const client = await talkTo(({ socket }, outgoing) => {
			ports.add(socket.remotePort);
			reply(outgoing, 200, {});
		});
		for (let round = 0; round < 5; round++) await client.get("/radars");
		expect(ports.size).toBe(1);
	});

	it("puts the answer's text into the error of a refusal", async () => {
		const errors = [{ field: "speedKmh", message: "must be a number" }, { message: "unknown field" }];
		const client = await talkTo((_incoming, outgoing) =>
			reply(outgoing, 422, { code: "VALIDATION_ERROR", detail: "2 fields are wrong", errors }),
		);
		const refused: unknown = await client.post("/detections").catch((error: unknown) => error);
		expect(refused).toBeInstanceOf(NotDone);
		expect(refused).toMatchObject({
			status: 422,
			code: "VALIDATION_ERROR",
			message: "POST /detections: 422 VALIDATION_ERROR - 2 fields are wrong - speedKmh must be a number; unknown field",
		});
	});

	it("retries while the read model lags", async () => {
		let asked = 0;
		const client = await talkTo((_incoming, outgoing) =>
			++asked < 3 ? reply(outgoing, 503, { code: "READ_MODEL_LAGGING" }, { "retry-after": "0" }) : reply(outgoing, 200, { asked }),
		);
		expect((await client.get("/radars")).body).toEqual({ asked: 3 });
	});

	it("gives up if it keeps lagging", async () => {
		let asked = 0;
		const client = await talkTo(
			(_incoming, outgoing) => (asked++, reply(outgoing, 503, { code: "READ_MODEL_LAGGING" }, { "retry-after": "0" })),
		);
		await expect(client.get("/radars")).rejects.toThrow("GET /radars: 503 READ_MODEL_LAGGING");
		expect(asked).toBe(6);
	});

	it("rejects a page of another server", async () => {
		const client = await talkTo((_incoming, outgoing) => void outgoing.writeHead(200, { "content-type": "text/html" }).end("<html>"));
		await expect(client.get("/radars")).rejects.toThrow("is this the URL of a system");
	});

	it("reports a missing server", async () => {
		const service = await serve(() => undefined);
		await service.stop();
		const client = new Client(service.url);
		for (const call of [client.get("/radars"), client.post("/radars"), client.stream("/detections", [{ id: "a" }])]) {
			const error: unknown = await call.catch((reason: unknown) => reason);
			expect(error).toBeInstanceOf(NotReached);
			expect(error).toMatchObject({ message: `no answer from ${service.url}: ECONNREFUSED` });
		}
		client.close();
	});

	it.each(["localhost:3000", "ftp://127.0.0.1/api", ""])("is not made to %j", (url) => {
		expect(() => new Client(url)).toThrow("is not the URL of a system");
	});
});

describe("a list", () => {
	it("is read page by page, by its cursor", async () => {
		const pages: Record<string, object> = {
			"/api/infractions?status=open&pageSize=100": { rows: [{ id: "a" }, { id: "b" }], total: 3, next: "b/1" },
			"/api/infractions?status=open&pageSize=100&after=b%2F1": { rows: [{ id: "c" }], total: 3, next: null },
		};
		const client = await talkTo(({ url = "" }, outgoing) => reply(outgoing, url in pages ? 200 : 404, pages[url] ?? {}));
		const rows: unknown[] = [];
		for await (const row of client.rows("/infractions?status=open")) rows.push(row);
		expect(rows).toEqual([{ id: "a" }, { id: "b" }, { id: "c" }]);
	});
});

describe("an upload", () => {
	it("sends one line of JSON per item", async () => {
		const client = await talkTo(async (incoming, outgoing) =>
			reply(outgoing, 200, { type: incoming.headers["content-type"], lines: (await text(incoming)).split("\n") }),
		);
		const { body } = await client.stream("/detections", [{ id: "a" }, { id: "b" }]);
		expect(body).toEqual({ type: "application/x-ndjson", lines: ['{"id":"a"}', '{"id":"b"}', ""] });
	});

	it("reads lines only as fast as they are accepted", async () => {
		let asked = 0;
		function* lines() {
			for (; asked < 200_000; asked++) yield { id: String(asked), filling: "x".repeat(100) };
		}
		const slow = Promise.withResolvers<void>();
		const client = await talkTo(async (incoming, outgoing) => {
			await slow.promise;
			reply(outgoing, 200, { lines: (await text(incoming)).split("\n").length - 1 });
		});
		const answer = client.stream("/detections", lines());
		await pause(300);
		expect(asked).toBeLessThan(100_000);
		slow.resolve();
		expect((await answer).body).toEqual({ lines: 200_000 });
	});

	it("ends with a refusal that comes before the last line", async () => {
		let ended = false;
		async function* lines() {
			try {
				for (;;) {
					yield { id: "a", filling: "x".repeat(20_000) };
					await pause(1);
				}
			} finally {
				ended = true;
			}
		}
		const client = await talkTo((_incoming, outgoing) => reply(outgoing, 415, { code: "UNSUPPORTED_MEDIA_TYPE" }));
		await expect(client.stream("/detections", lines())).rejects.toThrow("415 UNSUPPORTED_MEDIA_TYPE");
		await pause(20);
		expect(ended).toBe(true);
	});

	it("reports a connection that breaks during the upload", async () => {
		function* lines() {
			for (;;) yield { id: "a" };
		}
		const client = await talkTo((incoming) => void incoming.once("data", () => incoming.socket.destroy()));
		await expect(client.stream("/detections", lines())).rejects.toThrow(NotReached);
	});

	it("fails with the error of its lines", async () => {
		async function* lines() {
			yield { id: "a" };
			throw new Error("no more lines");
		}
		const client = await talkTo((incoming) => void text(incoming).catch(() => undefined));
		await expect(client.stream("/detections", lines())).rejects.toThrow("no more lines");
	});
});

describe("work in parallel", () => {
	it("runs all of it, with limited concurrency", async () => {
		let now = 0;
		let most = 0;
		const done: number[] = [];
		await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
			most = Math.max(most, ++now);
			await pause(5);
			now--;
			done.push(item);
		});
		expect([done.toSorted(), most]).toEqual([[1, 2, 3, 4, 5, 6, 7], 3]);
	});
});
