/** A service is unavailable or overloaded: other services work, its requests get 503 at once, and pending work is done later. */
import { Agent, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, COMMANDS, ground, ROLES } from "../support/cluster.ts";
import { MongoProcess } from "../support/mongo-process.ts";
import { eventually, type System, TOKEN } from "../support/system.ts";
import { answered, detect, expectProblem, ownerOf, person, plate, radarInService, seen } from "../http/scenery.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

const NODES = {
	...COMMANDS,
	rows: "radars,detections,owners,vehicles,infractions,interventions,identity-queries",
	opening: "case-opening",
	gateway: ROLES.gateway,
};

(at ? describe : describe.skip)("a cluster with one service per node", () => {
	let cluster: Cluster;
	let mongo: MongoProcess;
	let gateway: System;
	beforeAll(async () => {
		if (!at) return;
		mongo = await MongoProcess.start();
		cluster = await Cluster.start(at, { nodes: NODES, mongoUrl: mongo.url });
		gateway = cluster.node("gateway");
		await radarInService(gateway, "r-1");
		await ownerOf(gateway, "o-1", [plate(1)]);
	});
	afterAll(async () => {
		await cluster?.stop();
		await mongo?.remove();
	});
	const passage = (id: string) => detect(gateway, { id, radar: "r-1", plate: plate(1) });
	const opened = (id: string) =>
		eventually(async () => expect(answered(200, await gateway.get(`/infractions/${id}`)).body).toMatchObject({ holder: "o-1" }), 25_000);
	/** Expects 503 with Retry-After. */
	const unserved = async (method: string, path: string, body?: object): Promise<void> => {
		const headers = { "content-type": "application/json" };
		const answer = await gateway.send({ method, path, headers, ...(body ? { body: JSON.stringify(body) } : {}), timeoutMs: 20_000 });
		expectProblem(answer, 503);
		expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
	};

	it("opens the cases of passages sent while no node had the cases", async () => {
		await cluster.kill("cases");
		const taken = await passage("while-no-cases");
		expect(answered(200, await gateway.get("/detections/while-no-cases", seen(taken))).body).toMatchObject({ status: "qualified" });
		await cluster.join("cases");
		await opened("while-no-cases");
	});

	it("opens the cases of passages sent while no node ran the process", async () => {
		await cluster.kill("opening");
		await passage("while-no-process");
		await cluster.join("opening");
		await opened("while-no-process");
	});

	it("accepts commands while no node has the read models, and shows their rows later", async () => {
		await cluster.leave("rows");
		await passage("while-no-rows");
		await unserved("GET", "/detections/while-no-rows");
		await cluster.join("rows");
		await eventually(async () => answered(200, await gateway.get("/detections/while-no-rows")));
		await opened("while-no-rows");
	});

	it("accepts passages while no node registers owners", async () => {
		await cluster.leave("registration");
		await unserved("POST", "/owners", person);
		await passage("while-no-owners");
		await opened("while-no-owners");
		await cluster.join("registration");
		await eventually(async () => answered(201, await gateway.post("/owners", { id: "o-2", ...person })));
	});

	it("still accepts commands after thousands of refusals", async () => {
		const codes = new Map<string, number>();
		const side = async (): Promise<void> => {
			for (let n = 0; n < 125; n++) {
				const { status, body } = await gateway.post("/radars/nowhere/activate");
				codes.set(`${status} ${body.code}`, (codes.get(`${status} ${body.code}`) ?? 0) + 1);
			}
		};
		await Promise.all(Array.from({ length: 16 }, side));
		expect([...codes]).toEqual([["404 RADAR_UNKNOWN", 2000]]);
		answered(200, await gateway.post("/radars/r-1/describe", { name: "still there" }));
	});

	it("answers 503 while its limits are reached, and accepts commands after that", async () => {
		const agent = new Agent({ keepAlive: false, maxSockets: 5000 });
		const full = Promise.withResolvers<void>();
		mongo.signal("SIGSTOP");
		const asked = Array.from({ length: 2600 }, async (_, n) => {
			const answer = await post(agent, gateway.port, "/api/radars/r-1/describe", { name: `n-${n}` });
			if (answer.code === "TOO_BUSY") full.resolve();
			return answer;
		});
		await Promise.race([full.promise, Promise.all(asked)]);
		mongo.signal("SIGCONT");
		const answers = await Promise.all(asked);
		const codes = new Set(answers.map(({ status, code }) => `${status} ${code}`));
		expect([...codes].filter((code) => !/^(503 [A-Z_]+|200 undefined)$/.test(code))).toEqual([]);
		expect(codes).toContain("503 TOO_BUSY");
		expect(answers.filter(({ status, after }) => status === 503 && !/^\d+$/.test(after)).length).toBe(0);
		await eventually(async () => answered(200, await gateway.post("/radars/r-1/describe", { name: "calm again" })), 20_000);
	});
});

/** Posts with another agent, since the usual one limits its connections. */
function post(
	agent: Agent,
	port: number,
	path: string,
	body: object,
): Promise<{ status: number; code: string | undefined; after: string }> {
	return new Promise((resolve, reject) => {
		const outgoing = request({
			agent,
			port,
			path,
			host: "127.0.0.1",
			method: "POST",
			headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
		});
		outgoing.once("error", reject);
		outgoing.once("response", async (incoming) => {
			let text = "";
			for await (const chunk of incoming) text += String(chunk);
			const { code } = JSON.parse(text) as { code?: string }; // a problem, or an answer
			resolve({ status: incoming.statusCode ?? 0, code, after: incoming.headers["retry-after"] ?? "" });
		});
		outgoing.end(JSON.stringify(body));
	});
}
