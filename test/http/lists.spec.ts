/** Lists: pages, cursors, filters, order, and no access to the database beyond them. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Body, type Row } from "../support/system.ts";
import { answered, caughtUp, detect, expectProblem, infraction, noon, ownerOf, plate, radarInService, shifted, site } from "./scenery.ts";

const lists = ["/radars", "/detections", "/owners", "/vehicles", "/infractions"];
let system: System;

beforeAll(async () => {
	system = await System.start();
	await radarInService(system, "r-1", { kind: "section" });
	await radarInService(system, "r-2", { kind: "mobile" });
	for (let n = 3; n <= 57; n++) answered(201, await system.post("/radars", { id: `r-${n}`, ...site }));
	answered(200, await system.post("/radars/r-3/retire", {}));
	answered(200, await system.post("/radars/r-4/activate", {}));
	answered(200, await system.post("/radars/r-4/deactivate", { reason: "works" }));
	await ownerOf(system, "o-1", [plate(1), plate(2)]);
	await ownerOf(system, "o-2", [plate(3)]);
	for (let n = 0; n < 40; n++) {
		const passage = {
			radar: `r-${1 + (n % 2)}`,
			plate: plate(1 + (n % 4)),
			speedKmh: n < 30 ? 150 : 100,
			capturedAt: shifted(noon, n * 1000),
		};
		await detect(system, { id: `d-${String(n).padStart(2, "0")}`, ...passage });
	}
	await infraction(system, "d-29");
	answered(200, await system.post("/infractions/d-00/cancel", { reason: "stolen" }));
	await caughtUp(system);
	await eventually(async () => expect((await system.get("/infractions?status=cancelled")).body.total).toBe(1));
});
afterAll(() => system.dispose());

const page = async (path: string): Promise<Body> => answered(200, await system.get(path)).body;
const ids = (rows: readonly Row[]): unknown[] => rows.map(({ id }) => id);

describe("a list", () => {
	it.each(lists)("%s has twenty rows per page by default, and the total", async (list) => {
		const { rows, ...rest } = await page(list);
		const { total } = rest;
		expect(rest).toMatchObject({ page: 1, pageSize: 20, totalPages: Math.ceil(total / 20) });
		expect(rows).toHaveLength(Math.min(20, total));
		expect(rest.next).toEqual(total > 20 ? expect.any(String) : null);
	});

	it.each(lists)("%s has the same rows by page and by cursor, each once", async (list) => {
		const rows = await system.rows(list, 3);
		expect(new Set(ids(rows)).size).toBe(rows.length);
		expect(rows).toHaveLength((await page(list)).total);
	});

	it.each(lists)("%s sorts by id, up and down", async (list) => {
		const up = ids(await system.rows(`${list}?sort=id`, 7)).map(String);
		expect(up).toEqual([...up].sort((one, other) => (one < other ? -1 : 1)));
		expect(ids(await system.rows(`${list}?sort=-id`, 7))).toEqual([...up].reverse());
	});

	it("has the remaining rows on its last page", async () => {
		const { total } = await page("/radars");
		const last = await page(`/radars?pageSize=10&page=${Math.ceil(total / 10)}`);
		expect(last.rows).toHaveLength(total % 10 || 10);
		expect(last.next).toBeNull();
		expect((await page(`/radars?pageSize=10&page=${Math.ceil(total / 10) + 1}`)).rows).toEqual([]);
		expect((await page("/radars?pageSize=100")).rows).toHaveLength(total);
	});

	it("continues after a row with the same order and filters, even if rows were added before it since", async () => {
		const query = "/detections?radar=r-2&status=qualified&sort=-id&pageSize=4";
		const all = ids(await system.rows("/detections?radar=r-2&status=qualified&sort=-id"));
		const first = await page(query);
		await detect(system, { id: "d-99", radar: "r-2" });
		await eventually(async () => expect(ids((await page(query)).rows)[0]).toBe("d-99"));
		const second = await page(`${query}&after=${encodeURIComponent(String(first.next))}`);
		expect([...ids(first.rows), ...ids(second.rows)]).toEqual(all.slice(0, 8));
	});

	it.each<[string, number]>([
		["/radars?kind=section", 1],
		["/radars?kind=mobile&status=active", 1],
		["/radars?kind=section&status=retired", 0],
		["/radars?status=retired", 1],
		["/radars?status=inactive", 1],
		["/detections?radar=r-1&status=discarded", 5],
		["/detections?status=discarded", 10],
		[`/detections?plate=${plate(4)}`, 10],
		[`/detections?plate=${plate(1)}&radar=r-1`, 10],
		["/detections?radar=nobody", 0],
		["/vehicles?owner=o-1", 2],
		[`/vehicles?plate=${plate(3)}`, 1],
		["/vehicles?owner=o-2", 1],
		["/vehicles?owner=nobody", 0],
		["/infractions?holder=o-1", 16],
		["/infractions?holder=o-2&status=open", 7],
		[`/infractions?vehicle=FR-${plate(3)}`, 7],
		[`/infractions?plate=${plate(4)}&status=unidentified`, 7],
		["/infractions?status=cancelled", 1],
		["/infractions?status=cancelled&holder=o-1", 1],
		["/infractions?detection=d-05", 1],
		["/infractions?detection=d-35", 0],
		["/infractions?radar=r-1", 15],
		["/owners/o-1/infractions", 16],
		["/owners/o-2/infractions", 7],
	])("GET %s has %i", async (path, total) => {
		const answer = await page(path);
		expect([answer.total, answer.rows.length]).toEqual([total, Math.min(20, total)]);
		expect(await system.rows(path, 3)).toHaveLength(total);
	});

	it("of a vehicle's former owner still names the former owner", async () => {
		answered(200, await system.post(`/vehicles/FR-${plate(3)}/transfer`, { owner: "o-1", from: shifted(noon, 3_600_000) }));
		await caughtUp(system);
		expect((await page("/infractions?holder=o-2")).total).toBe(7);
		await eventually(async () => expect((await page("/vehicles?owner=o-1")).total).toBe(3));
		expect((await page("/vehicles?owner=o-2")).total).toBe(0);
	});

	it.each([
		"foo=1",
		"query=%7B%7D",
		"fields=id",
		"populate=x",
		"search=x",
		"searchFields=id",
		"limit=5",
		"offset=5",
		"scope=x",
		"sort=secret",
		"sort=-nothing",
		"page=0",
		"page=-1",
		"page=1.5",
		"page=x",
		"page=",
		"pageSize=0",
		"pageSize=101",
		"pageSize=1e2",
		"pageSize=-5",
		"page=99999999999999999999",
		"page=1001&pageSize=100",
		"after=x",
		"after=%00",
		"after=eyJ4IjoxfQ",
		"page=1&page=2",
		"sort[]=id",
		"sort[$gt]=",
		"id[$ne]=x",
		"$where=1",
		"__proto__=1",
		"__proto__[x]=1",
		"constructor=1",
		"toString=1",
		"a%zz=1",
	])("refuses ?%s", async (query) => {
		for (const list of lists) expectProblem(await system.get(`${list}?${query}`), 422, "VALIDATION_ERROR");
	});

	it.each([
		["/radars?kind=fixd", "kind"],
		["/radars?status=opne", "status"],
		["/detections?status=x", "status"],
		["/infractions?status=opne", "status"],
		["/owners?kind=people", "kind"],
		["/radars?kind=%ff", "kind"],
		["/detections?plate=%", "plate"],
	])("refuses a filter whose value no row can have: %s", async (path, field) => {
		const answer = await system.get(path);
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.body.errors).toMatchObject([{ field }]);
	});
	it.each(["status[$ne]=open", "status[]=open", "plate[]=x", "plate[$regex]=.*", "radar=a&radar=b"])(
		"accepts no operator as a filter: ?%s",
		async (query) => {
			expectProblem(await system.get(`/infractions?${query}`), 422, "VALIDATION_ERROR");
			expectProblem(await system.get(`/detections?${query}`), 422, "VALIDATION_ERROR");
		},
	);

	it.each(["o-1' OR '1'='1", "%", "_-1", "*", '"', "o-1\u0000"])("compares a filter literally: holder=%j", async (holder) => {
		const answer = await system.get(`/infractions?holder=${encodeURIComponent(holder)}`);
		if (answer.status !== 422) expect(answered(200, answer).body.total).toBe(0);
	});
});
