/** A cluster of six processes, two of each kind: both gateways offer the same API, and results do not depend on the node. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, ground } from "../support/cluster.ts";
import { eventually, type System } from "../support/system.ts";
import { answered, detect, noon, ownerOf, person, plate, radarInService, seen } from "../http/scenery.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a cluster", () => {
	let cluster: Cluster;
	let [one, other]: System[] = [];
	const both = (): readonly [System, System] => {
		if (!one || !other) throw new Error("two gateways were started");
		return [one, other];
	};
	beforeAll(async () => {
		if (!at) return;
		cluster = await Cluster.start(at);
		[one, other] = cluster.gateways;
	});
	afterAll(() => cluster?.stop());

	it("lets a client read at one gateway what it wrote at the other, each time", async () => {
		const [a, b] = both();
		for (let n = 0; n < 20; n++) {
			const [here, there] = n % 2 ? [a, b] : [b, a];
			const { body, ...answer } = answered(201, await here.post("/owners", { id: `o-${n}`, ...person }));
			expect(answered(200, await there.get(`/owners/o-${n}`, seen({ body, ...answer }))).body).toMatchObject({ id: `o-${n}`, version: 1 });
			const changed = answered(200, await there.post(`/owners/o-${n}/correct`, { name: `Name ${n}` }));
			expect(answered(200, await here.get(`/owners/o-${n}`, seen(changed))).body).toMatchObject({ name: `Name ${n}`, version: 2 });
		}
	});

	it("opens a case for a passage sent to one gateway, and shows it at the other", async () => {
		const [a, b] = both();
		await radarInService(a, "r-1");
		await ownerOf(b, "holder", [plate(1)]);
		await detect(a, { id: "d-1", radar: "r-1", plate: plate(1), speedKmh: 150 });
		for (const gateway of [a, b])
			await eventually(async () =>
				expect(answered(200, await gateway.get("/infractions/d-1")).body).toMatchObject({ holder: "holder", status: "open" }),
			);
	});

	it("records passages in bulk on the nodes of their actors, each once", async () => {
		const [a, b] = both();
		const lines = Array.from({ length: 200 }, (_, n) => ({
			id: `b-${n}`,
			radar: "r-1",
			plate: plate(n),
			country: "FR",
			speedKmh: 100,
			capturedAt: noon,
		}));
		const [first, second] = await Promise.all([a.ndjson(lines), b.ndjson(lines)]);
		const recorded = [first, second].map((answer) => Number(answered(200, answer).body["recorded"]));
		expect(recorded.reduce((sum, n) => sum + n, 0)).toBe(200);
		await eventually(async () => expect(await b.rows("/detections?radar=r-1&status=discarded")).toHaveLength(200));
	});

	it("gives the same answer to an Idempotency-Key at the other gateway", async () => {
		const [a, b] = both();
		const key = { "idempotency-key": "once" };
		const first = answered(201, await a.post("/owners", person, key));
		const again = answered(201, await b.post("/owners", person, key));
		expect([again.body, again.headers["idempotent-replayed"]]).toEqual([first.body, "true"]);
		const reused = await b.post("/owners", { ...person, name: "Somebody else" }, key);
		expect([reused.status, reused.body.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
	});

	it("resumes a live feed at the other gateway without a loss or a duplicate", async () => {
		const [a, b] = both();
		const feed = await a.live("?types=owner.registered");
		const posted: string[] = [];
		const post = async (id: string) => (posted.push(id), answered(201, await a.post("/owners", { id, ...person })));
		for (let n = 0; n < 10; n++) await post(`feed-${n}`);
		await eventually(() => expect(feed.events.length).toBeGreaterThanOrEqual(5));
		feed.close();
		const heard = feed.events.slice(0, 5);
		for (let n = 10; n < 20; n++) await post(`feed-${n}`);
		const next = await b.live("?types=owner.registered", { "last-event-id": heard.at(-1)?.id });
		await eventually(() => expect(next.events.length).toBeGreaterThanOrEqual(15));
		await post("feed-last"); // a duplicate would have come before it
		await eventually(() => expect(idsIn(next.events)).toContain("feed-last"));
		next.close();
		expect([...idsIn(heard), ...idsIn(next.events)].sort()).toEqual(posted.sort());
	});

	it("passes es-verify", async () => {
		expect(await cluster.verified()).toBeGreaterThan(50);
	});
});

const idsIn = (events: readonly { readonly data: string }[]): string[] =>
	events.map(({ data }) => (JSON.parse(data) as { readonly id: string }).id); // the format of the feed
