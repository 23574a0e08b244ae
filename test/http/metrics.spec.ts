/** Metrics over HTTP count requests, lines, commands, commits and refusals; clients cannot create series. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { callsOf } from "../support/access.ts";
import { start } from "../../node/start.ts";
import { Folder } from "../support/folder.ts";
import { Scrape } from "../support/prometheus.ts";
import { AUTHORIZATION, eventually, System } from "../support/system.ts";
import { answered, detect, infraction, noon, plate, radarInService, site } from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const scrape = async (): Promise<Scrape> => new Scrape(answered(200, await system.get("/metrics")).text);
/** The increase of a metric since then. */
const since = (before: Scrape, after: Scrape) => (name: string, labels: Readonly<Record<string, string>>) =>
	after.sum(name, labels) - before.sum(name, labels);
/** Waits until all followers and processes have caught up. */
const settled = (): Promise<Scrape> =>
	eventually(async () => {
		const now = await scrape();
		expect([now.sum("vigie_follower_lag_commits"), now.sum("vigie_process_asking"), now.sum("vigie_process_open")]).toEqual([0, 0, 0]);
		return now;
	});
const passage = (id: string, more: object = {}): object => ({
	id,
	radar: "m-1",
	plate: "AA-123-AA",
	country: "FR",
	speedKmh: 150,
	capturedAt: noon,
	...more,
});

describe("the metrics", () => {
	it("count commands, commits and refusals, and the work of followers", async () => {
		const before = await settled();
		await radarInService(system, "m-1");
		for (const latitude of [1, 2]) answered(409, await system.post("/radars", { id: "m-1", ...site, latitude }));
		answered(404, await system.post("/radars/m-nobody/retire"));
		const lines = Array.from({ length: 50 }, (_, i) => passage(`m-${i}`, { plate: plate(i), speedKmh: i < 20 ? 60 : 150 })); // 20 within the limit
		const unknown = [passage("m-x", { radar: "m-nobody" }), passage("m-y", { radar: "m-nobody" })];
		const { body } = answered(
			200,
			await system.ndjson([...lines, ...lines.slice(0, 5), "{", "[]", passage("m-z", { speedKmh: "fast" }), ...unknown]),
		);
		expect(body).toMatchObject({ received: 60, recorded: 50, duplicates: 5, refused: 5 });
		await infraction(system, "m-49");
		const more = since(before, await settled());
		const commands = (service: string) =>
			["written", "unchanged", "refused", "failed"].map((outcome) => more("vigie_commands_total", { service, outcome }));
		expect(commands("radar")).toEqual([3, 0, 3, 0]);
		expect(commands("detection")).toEqual([50, 5, 2, 0]);
		expect(commands("infraction")).toEqual([30, 0, 0, 0]);
		const refused = (service: string, code: string) => more("vigie_refusals_total", { service, code });
		expect([refused("radar", "RADAR_ALREADY_EXISTS"), refused("radar", "RADAR_UNKNOWN"), refused("detection", "RADAR_UNKNOWN")]).toEqual([
			2, 1, 2,
		]);
		expect([more("vigie_log_commits_total", { log: "radar" }), more("vigie_log_facts_total", { log: "radar" })]).toEqual([53, 103]);
		expect([more("vigie_log_position", { log: "radar" }), more("vigie_log_position", { log: "infraction" })]).toEqual([53, 30]);
		expect([more("vigie_log_batch_commits_sum", { log: "radar" }), more("vigie_log_batch_commits_sum", { log: "infraction" })]).toEqual([
			53, 30,
		]);
		const taken = (follower: string, log: string) => more("vigie_follower_position", { follower, log });
		expect([
			taken("radars", "radar"),
			taken("detections", "radar"),
			taken("case-opening", "infraction"),
			taken("infractions", "infraction"),
		]).toEqual([53, 53, 30, 30]);
		const bulk = (outcome: string) => more("vigie_http_bulk_lines_total", { route: "/api/detections", outcome });
		expect([
			bulk("recorded"),
			bulk("duplicate"),
			bulk("refused"),
			more("vigie_http_bulk_received_total", { route: "/api/detections" }),
		]).toEqual([50, 5, 5, 60]);
	});

	it("count requests by their route, method and status, and how long they took", async () => {
		await radarInService(system, "m-2");
		const before = await scrape();
		for (const id of ["m-2", "m-2", "m-nobody"]) await system.get(`/radars/${id}`);
		await system.send({ method: "HEAD", path: "/radars/m-2" });
		await system.post("/radars", { id: "m-2" });
		await system.send({ method: "POST", path: "/radars/m-2/retire", headers: { "content-type": "text/plain" }, body: "x" });
		await system.send({
			method: "POST",
			path: "/radars",
			headers: { "content-type": "application/json", "content-encoding": "gzip" },
			body: "x",
		});
		await system.get("/nothing/here");
		await system.get("//other");
		await system.ndjson([passage("m-2-1")]);
		const more = since(before, await scrape());
		const requests = (method: string, route: string, status: string) => more("vigie_http_requests_total", { method, route, status });
		expect([requests("GET", "/api/radars/:id", "2xx"), requests("GET", "/api/radars/:id", "4xx")]).toEqual([2, 1]);
		expect(requests("HEAD", "/api/radars/:id", "2xx")).toBe(1);
		expect(requests("POST", "/api/radars", "4xx")).toBe(2); // an invalid one, and an unreadable one that fails before routing
		expect(requests("POST", "/api/radars/:id/retire", "4xx")).toBe(1);
		expect(requests("GET", "none", "4xx")).toBe(2);
		expect(requests("POST", "/api/detections", "2xx")).toBe(1);
		const timed = (method: string, route: string) => more("vigie_http_request_duration_seconds_count", { method, route });
		expect([timed("GET", "/api/radars/:id"), timed("POST", "/api/radars"), timed("GET", "none")]).toEqual([3, 2, 2]);
		expect(timed("POST", "/api/detections")).toBe(0); // its client decides how long it lasts
		const problems = (code: string, status: string) => more("vigie_http_problems_total", { code, status });
		expect([problems("RADAR_UNKNOWN", "404"), problems("NOT_FOUND", "404"), problems("UNSUPPORTED_MEDIA_TYPE", "415")]).toEqual([1, 2, 2]);
	});

	it("have no additional series for unknown paths, ids, queries and methods", async () => {
		const send = async (tag: string): Promise<void> => {
			for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "LOCK"])
				for (const path of [`/${tag}`, `/radars/${tag}`, `/radars/${tag}/${tag}`, `/radars?kind=${tag}`, `//${tag}`, `/radars/%zz${tag}`])
					await system.send({ method, path, headers: { "x-request-id": tag, "idempotency-key": tag } });
			await system.post(`/radars/${tag}/retire`);
			await system.ndjson([passage(tag, { radar: tag })]);
		};
		await send("first");
		const before = (await settled()).samples.length;
		for (let i = 0; i < 10; i++) await send(`again-${i}`);
		const after = await settled();
		expect(after.samples.length).toBe(before);
		expect(JSON.stringify(after.samples)).not.toMatch(/first|again|zz|PURGE|LOCK/);
	});

	it("show open live feeds, and an upload that its client aborted, with the lines received", async () => {
		const before = await scrape();
		const feed = await system.live();
		await eventually(async () => expect((await scrape()).value("vigie_http_live_feeds")).toBe(1));
		expect((await scrape()).value("vigie_http_requests_in_flight")).toBe(2); // the feed and the scrape
		feed.close();
		await eventually(async () => {
			const now = await scrape();
			expect([now.value("vigie_http_live_feeds"), now.value("vigie_http_requests_in_flight")]).toEqual([0, 1]);
			expect(since(before, now)("vigie_http_requests_total", { route: "/api/live", status: "2xx" })).toBe(1);
			expect(now.sum("vigie_http_request_duration_seconds_count", { route: "/api/live" })).toBe(0);
		});
		const line = (id: string): string => `${JSON.stringify(passage(id))}\n`;
		const sent = `${line("m-cut-1")}${line("m-cut-2")}{"id":`;
		const head = `POST /api/detections HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Type: application/x-ndjson\r\nContent-Length: ${sent.length + 100}\r\n\r\n`;
		await system.raw(head + sent);
		await eventually(async () => {
			const more = since(before, await scrape());
			expect(more("vigie_http_bulk_received_total", { route: "/api/detections" })).toBe(2);
			expect(
				["2xx", "4xx", "5xx", "aborted"].map((status) => more("vigie_http_requests_total", { route: "/api/detections", status })),
			).toEqual([0, 0, 0, 1]);
		});
	});

	it("begin at 0 with each process, except positions", async () => {
		await detect(system, { id: "m-last", radar: "m-1" });
		const before = await settled();
		await system.restart();
		const after = await settled();
		expect(after.value("vigie_log_position", { log: "radar" })).toBe(before.value("vigie_log_position", { log: "radar" }));
		expect(after.sum("vigie_log_commits_total", { log: "radar" })).toBe(0);
		expect(after.value("process_start_time_seconds")).toBeGreaterThan(before.value("process_start_time_seconds"));
	});

	it("can be switched off", async () => {
		await system.restart({ METRICS: "off" });
		const answer = answered(404, await system.get("/metrics"));
		expect(answer.body.code).toBe("METRICS_OFF");
		await detect(system, { id: "m-off", radar: "m-1" });
		await infraction(system, "m-off");
		await system.restart({});
		answered(200, await system.get("/metrics"));
	});
});

describe("a node without a gateway", () => {
	it("shows its metrics at METRICS_PORT", async () => {
		const folder = new Folder();
		const node = await start({ DATA_DIR: folder.path, SERVICES: "radar", METRICS_PORT: "0", LOG_LEVEL: "fatal" });
		try {
			expect(node.url).toBe("");
			await callsOf(node.broker)("radar.install", { ...site, id: "m-alone" });
			const text = await (await fetch(node.metricsUrl)).text();
			expect(new Scrape(text).value("vigie_log_commits_total", { log: "radar" })).toBe(1);
		} finally {
			await node.stop();
			folder.remove();
		}
	});
});
