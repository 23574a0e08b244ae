/** The same commands on a node without services and without a store, joined to the nodes that have them. */
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { closedNode } from "../../moleculer.config.ts";
import { AccessMiddleware } from "../../mixins/access/access.ts";
import { callsOf } from "../support/access.ts";
import { commandNamed } from "../../cli/es/commands.ts";
import { completed } from "../../cli/es/completion.ts";
import { run } from "../../cli/es/run.ts";
import { systemOf } from "../../cli/es/system.ts";
import { settingsOf } from "../../node/settings.ts";
import { brokerOptions } from "../../node/broker.ts";
import { Folder } from "../support/folder.ts";
import { eventually } from "../support/system.ts";

const folder = new Folder();
const cluster = { transporter: "Fake" as const, namespace: "joined" };
let working: ServiceBroker;
const joined = new ServiceBroker({
	...cluster,
	nodeID: "joined",
	logger: false,
	middlewares: [AccessMiddleware()],
	internalServices: { $node: closedNode },
});

async function tell(line: string): Promise<{ code: number; said: string }> {
	const [name = "", ...words] = line.split(" ");
	const command = commandNamed(name);
	if (!command) throw new Error(`there is no command ${name}`);
	let said = "";
	const spies = [process.stdout, process.stderr].map((stream) =>
		jest.spyOn(stream, "write").mockImplementation((text) => {
			said += String(text);
			return true;
		}),
	);
	const code = await run(command, words, systemOf(joined), new AbortController().signal);
	for (const spy of spies) spy.mockRestore();
	return { code, said };
}

beforeAll(async () => {
	const settings = await settingsOf({ DATA_DIR: folder.path, SERVICES: "radar,operations", LOG_LEVEL: "fatal" });
	working = new ServiceBroker({ ...brokerOptions(settings), ...cluster, nodeID: "working" });
	for (const { url } of settings.services) {
		const { default: schema } = (await import(url.href)) as { default: ServiceSchema };
		working.createService(schema);
	}
	await Promise.all([working.start(), joined.start()]);
	await joined.waitForServices(["radar", "radars", "radar-log"]);
	await callsOf(joined)("radar.install", { id: "A6-1", kind: "fixed", latitude: 48.7, longitude: 2.3 });
});
afterAll(async () => {
	await Promise.all([joined.stop(), working.stop()]);
	folder.remove();
});

describe("a node that has joined", () => {
	it("shows the state of an actor", async () => {
		const { code, said } = await tell("es-state radar A6-1 --json");
		expect({ code, answer: JSON.parse(said) as object }).toMatchObject({
			code: 0,
			answer: { id: "A6-1", version: 1, state: { status: "installed" } },
		});
	});
	it("reports an unknown actor in one line, with the existing ones", async () =>
		expect(
			await eventually(async () => {
				const told = await tell("es-state radar A6-2");
				expect(told.said).toContain("; there is");
				return told;
			}),
		).toEqual({ code: 1, said: "RADAR_UNKNOWN: There is no radar A6-2; there is A6-1\n" }));
	it("shows the facts, which come as a stream", async () => {
		const { code, said } = await tell("es-tail --from radar:0:0 --limit 1 --json");
		expect({ code, fact: JSON.parse(said) as object }).toMatchObject({ code: 0, fact: { position: "radar:0:1", type: "radar.installed" } });
	});
	it("verifies the logs", async () => expect((await tell("es-verify radar")).said).toContain("every commit fits"));
	it("rebuilds a read model", async () =>
		expect(await tell("es-rebuild radars --json")).toMatchObject({ code: 0, said: expect.stringContaining('"generation":2') }));
	it("completes names", async () => expect((await completed("es-rebuild r", systemOf(joined)))?.[0]).toEqual(["radars "]));
});
