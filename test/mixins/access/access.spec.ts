/** Access - passports between nodes: whose they are, how long they hold, and what cannot be done with them. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { AccessMiddleware, byOf, callingAs } from "../../../mixins/access/access.ts";
import { Passports } from "../../../mixins/access/passports.ts";
import type { Identity } from "../../../model/index.ts";

const ada: Identity = { sub: "user:ada", roles: ["officer"] };
const clock = (at: number) => ({ now: at, tick: (milliseconds: number) => void (at += milliseconds), read: () => at });

describe("a passport", () => {
	it("names the identity that it was made for, at every node that knows the key of its node", () => {
		const one = new Passports("one", () => "");
		const two = new Passports("two", (node) => (node === "one" ? one.publicKey : ""));
		expect(two.read(one.issue(ada))).toMatchObject({ ...ada, iss: "one" });
		expect(one.read(one.issue(ada))).toMatchObject(ada);
	});
	it("is the same text for half a minute, so that it is checked once", () => {
		const time = clock(1_000_000);
		const one = new Passports("one", () => "", time.read);
		const first = one.issue(ada);
		time.tick(29_999);
		expect(one.issue(ada)).toBe(first);
		time.tick(1);
		expect(one.issue(ada)).not.toBe(first);
	});
	it("expires after a minute, and the half minute that two clocks may differ", () => {
		const time = clock(1_000_000);
		const one = new Passports("one", () => "", time.read);
		const text = one.issue(ada);
		time.tick(90_000);
		expect(one.read(text)).toMatchObject(ada);
		time.tick(1);
		expect(one.read(text)).toBe("expired");
	});
	it("from a clock that is too far ahead does not hold", () => {
		const [ahead, behind] = [clock(1_000_000 + 30_001), clock(1_000_000)];
		const one = new Passports("one", () => "", ahead.read);
		expect(new Passports("two", () => one.publicKey, behind.read).read(one.issue(ada))).toBe("expired");
	});
	it("of a node that is not known, or that has another key now, is no refusal: its key may still come", () => {
		const one = new Passports("one", () => "");
		expect(new Passports("two", () => "").read(one.issue(ada))).toBe("stranger");
		expect(new Passports("two", () => new Passports("one", () => "").publicKey).read(one.issue(ada))).toBe("stranger");
	});
	it.each([
		[
			"of other claims",
			(text: string) =>
				`${Buffer.from(JSON.stringify({ ...ada, roles: ["administrator"], iss: "one", iat: 0, exp: 9e15 })).toString("base64url")}.${text.split(".")[1]}`,
		],
		["without a signature", (text: string) => text.split(".")[0] ?? ""],
		["with one bit changed", (text: string) => `${text.slice(0, -3)}${text.at(-3) === "A" ? "B" : "A"}${text.slice(-2)}`],
		["that is no text of ours", () => "x.y"],
		["that is empty", () => ""],
		["with more parts", (text: string) => `${text}.${text}`],
		["with claims that are no object", () => `${Buffer.from("null").toString("base64url")}.AAAA`],
	])("%s does not hold", (_name, forged) => {
		const one = new Passports("one", () => "");
		expect(one.read(forged(one.issue(ada)))).toBe("not valid");
	});
});

describe("a call", () => {
	const brokers: ServiceBroker[] = [];
	const node = async (nodeID: string, transporter: string | null = "Fake"): Promise<ServiceBroker> => {
		const broker = new ServiceBroker({
			nodeID,
			namespace: "access",
			logger: false,
			...(transporter ? { transporter } : {}),
			middlewares: [AccessMiddleware()],
		} as never); // moleculer's type wants more
		broker.createService({
			name: nodeID,
			actions: {
				who: { may: { officer: "all", node: "all" }, handler: (ctx: Context) => byOf(ctx) },
				relay: { may: { officer: "all" }, handler: (ctx: Context<{ to: string }>) => ctx.call(`${ctx.params.to}.who`) },
				kept: {
					may: { officer: "all" },
					handler: async (ctx: Context<{ to: string }>) => [
						await ctx.call(`${ctx.params.to}.who`, {}, callingAs(ctx.broker, { sub: "process:x", roles: ["node"] })),
						byOf(ctx),
						await ctx.call(`${ctx.params.to}.who`),
					],
				},
				closed: () => "open",
			},
		});
		brokers.push(broker);
		await broker.start();
		return broker;
	};
	afterEach(async () => {
		await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
	});

	it("that begins in a node is the node's own", async () => {
		const one = await node("one");
		expect(await one.call("one.who")).toBe("node:one");
	});
	it("keeps its caller through nested calls on other nodes", async () => {
		const [one, two] = [await node("one"), await node("two")];
		await one.waitForServices("two");
		await two.waitForServices("one");
		expect(await one.call("two.relay", { to: "one" }, callingAs(one, ada))).toBe("user:ada");
	});
	it("as someone else leaves the caller of its own call as it was", async () => {
		const [one, two] = [await node("one"), await node("two")];
		await one.waitForServices("two");
		await two.waitForServices("one");
		expect(await one.call("two.kept", { to: "one" }, callingAs(one, ada))).toEqual(["process:x", "user:ada", "user:ada"]);
	});
	it("cannot name its caller in its metadata", async () => {
		const one = await node("one");
		const meta = { by: "user:ada", passport: "x", identity: ada, roles: ["officer"] };
		expect(await one.call("one.who", {}, { meta })).toBe("node:one");
	});
	it("of an action that says nothing is refused to everyone", async () => {
		const one = await node("one");
		for (const options of [{}, callingAs(one, ada)])
			await expect(one.call("one.closed", {}, options)).rejects.toMatchObject({ code: 403, type: "FORBIDDEN" });
	});
	it("with a forged passport is refused before anything else", async () => {
		const one = await node("one");
		await expect(one.call("one.who", {}, { headers: { passport: "forged" } })).rejects.toMatchObject({
			code: 401,
			type: "UNAUTHENTICATED",
		});
	});
	it("without a passport, as one from outside the system, is refused", async () => {
		const one = await node("one");
		const stranger = new ServiceBroker({ nodeID: "stranger", namespace: "access", logger: false, transporter: "Fake" });
		brokers.push(stranger);
		await stranger.start();
		await stranger.waitForServices("one");
		await expect(stranger.call("one.who")).rejects.toMatchObject({ code: 401, type: "UNAUTHENTICATED" });
		expect(await one.call("one.who")).toBe("node:one");
	});
});
