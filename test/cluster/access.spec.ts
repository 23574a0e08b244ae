/** NATS access: nodes use the configured credentials, never fall back to plain text if TLS is configured, and reveal no secret. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createUser } from "nkeys.js";
import { answered, person } from "../http/scenery.ts";
import { Certificates } from "../support/certificates.ts";
import { CLUSTER_KEY, hasNats, Nats, ROLES } from "../support/cluster.ts";
import { Folder } from "../support/folder.ts";
import { Insider } from "../support/insider.ts";
import { onPath } from "../support/mongo.ts";
import { eventually, System } from "../support/system.ts";

const SECRET = "p@ss:w/r%d";
const ENCODED = encodeURIComponent(SECRET);
type Settings = Readonly<Record<string, string>>;

(hasNats && onPath("openssl") ? describe : describe.skip)("a node of a cluster", () => {
	const folder = new Folder();
	const running: System[] = [];
	let certificates: Certificates;
	let nats: Nats | undefined;
	beforeAll(() => void (certificates = new Certificates(folder)));
	afterEach(async () => {
		await Promise.all(running.splice(0).map((node) => node.kill()));
		await nats?.end();
		nats = undefined;
	});
	afterAll(() => folder.remove());
	const settingsOf = (name: string, services: string, own: Settings): Settings => ({
		NODE_ID: name,
		SERVICES: services,
		PARTITIONS: "2",
		CLUSTER_KEY,
		LOG_LEVEL: "warn",
		...own,
	});
	const start = async (name: string, services: string, own: Settings): Promise<System> => {
		const node = System.at(folder.path, {});
		running.push(node);
		await node.up(settingsOf(name, services, own), services === ROLES.gateway ? "/health/live" : "its own word");
		return node;
	};
	/** Starts two nodes, and expects a command through the gateway to succeed. */
	const expectJoined = async (own: Settings): Promise<System> => {
		await start("command", ROLES.command, own);
		const gateway = await start("gateway", ROLES.gateway, own);
		await eventually(async () => answered(201, await gateway.post("/owners", { id: `o-${performance.now()}`, ...person })));
		return gateway;
	};
	/** Expects that the start fails with one line that matches. */
	const expectRefused = async (own: Settings, words: RegExp): Promise<void> => {
		const { code, output } = await System.at(folder.path, settingsOf("refused", ROLES.gateway, own)).ending();
		expect([code, output.trimEnd().split("\n")]).toEqual([1, [expect.stringMatching(words)]]);
		expect(output).not.toMatch(/p@ss|p%40ss|w\/r/);
	};
	const file = (name: string): string => certificates.file(name);

	it("uses the password of its URL, which is percent-encoded", async () => {
		nats = await Nats.start(`authorization { user: me, password: "${SECRET}" }`);
		const url = (password: string): Settings => ({ NATS_URL: `nats://me:${password}@127.0.0.1:${nats?.port ?? 0}` });
		await expectJoined(url(ENCODED));
		await expectRefused(
			url("wrong"),
			/^NATS_URL: nats:\/\/\.\.\.@127\.0\.0\.1:\d+ rejects this node, or this node rejects it: .*Authorization Violation/,
		);
	});
	it("uses the token of its URL, or signs with its nkey", async () => {
		nats = await Nats.start('authorization { token: "t@ken" }');
		await expectJoined({ NATS_URL: `nats://t%40ken@127.0.0.1:${nats.port}` });
		await Promise.all(running.splice(0).map((node) => node.kill()));
		await nats.end();
		const user = createUser();
		writeFileSync(file("seed"), user.getSeed());
		nats = await Nats.start(`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`);
		await expectJoined({ NATS_URL: nats.url, NATS_CREDS: file("seed") });
	});
	it("encrypts, verifies the server by name or address, and presents its own certificate", async () => {
		nats = await Nats.start(`tls { ${certificates.server}, verify: true }`);
		const own = { NATS_CA: file("ca.pem"), NATS_CERT: file("node.pem"), NATS_KEY: file("node.key") };
		await expectJoined({ NATS_URL: `tls://127.0.0.1:${nats.port}`, ...own });
		await start("another", ROLES.query, { NATS_URL: `nats://localhost:${nats.port}`, ...own });
		await expectRefused(
			{ NATS_URL: `tls://127.0.0.1:${nats.port}`, ...own, NATS_CA: file("stranger.pem") },
			/rejects this node, or this node rejects it: unable to verify/,
		);
		await expectRefused(
			{ NATS_URL: `tls://127.0.0.1:${nats.port}`, NATS_CERT: own.NATS_CERT, NATS_KEY: own.NATS_KEY },
			/rejects this node, or this node rejects it: unable to verify/,
		);
	});
	it("never falls back to plain text: it sends nothing to a server that offers no encryption", async () => {
		let heard = "";
		const sockets = new Set<Socket>();
		const plain = createServer((socket) => {
			sockets.add(socket);
			socket.on("data", (chunk) => (heard += chunk));
			socket.on("error", () => undefined); // the node disconnects
			socket.write('INFO {"server_id":"X","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576}\r\n');
		});
		await new Promise<void>((listening) => plain.listen(0, "127.0.0.1", listening));
		const { port } = plain.address() as AddressInfo; // it listens on TCP
		try {
			await expectRefused(
				{ NATS_URL: `tls://me:${ENCODED}@127.0.0.1:${port}` },
				/^NATS_URL: .* rejects this node, or this node rejects it: the server offers no encryption$/,
			);
			await expectRefused(
				{ NATS_URL: `nats://me:${ENCODED}@127.0.0.1:${port}`, NATS_CA: file("ca.pem") },
				/the server offers no encryption$/,
			);
			expect([sockets.size, heard]).toEqual([2, ""]);
		} finally {
			for (const socket of sockets) socket.destroy();
			plain.close();
		}
	});
	it("reveals no secret in its log, health and metrics, or to clients that have the cluster key", async () => {
		nats = await Nats.start(`authorization { user: me, password: "${SECRET}" }`);
		const own = { NATS_URL: `nats://me:${ENCODED}@127.0.0.1:${nats.port}`, LOG_LEVEL: "trace" };
		const gateway = await expectJoined(own);
		let told = "";
		let answers = 0;
		const stranger = await Insider.join({ servers: `127.0.0.1:${nats.port}`, user: "me", pass: SECRET }, "stranger", (type, message) => {
			told += message.toString();
			if (type === "RES") answers++;
		});
		const actions = ["list", "services", "actions", "events", "health", "options", "metrics", "parts", "prometheus"];
		for (const node of ["command", "gateway"])
			for (const action of actions) {
				const asked = { sender: "stranger", id: `${node}-${action}`, action: `$node.${action}`, params: {}, meta: {}, level: 1 };
				stranger.say("REQ", asked, node);
			}
		stranger.say("DISCOVER", { sender: "stranger" });
		await eventually(() => expect(answers).toBe(2 * actions.length));
		expect(told.includes("Service '$node.options' is not found")).toBe(true);
		await stranger.close();
		told += (await gateway.get("/metrics")).text + (await gateway.get("/health/ready")).text;
		for (const node of running) told += node.output;
		for (const secret of [SECRET, ENCODED, JSON.stringify(SECRET), "p@ss", "p%40ss"])
			expect([secret, told.includes(secret)]).toEqual([secret, false]);
	});
});
