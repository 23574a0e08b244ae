/** The address of the metrics, and whether they are on: an invalid setting stops the start with one line. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { settingsOf } from "../../node/settings.ts";
import { Folder } from "../support/folder.ts";

describe("METRICS and METRICS_PORT", () => {
	let folder: Folder;
	let taken: Server | null = null;
	beforeEach(() => {
		folder = new Folder();
	});
	afterEach(() => {
		taken?.close();
		taken = null;
		folder.remove();
	});
	const settings = (env: Record<string, string>) => settingsOf({ DATA_DIR: folder.path, PORT: "0", ...env });

	it("default to metrics on the gateway only", async () => {
		expect(await settings({})).toMatchObject({ metrics: true, metricsPort: undefined });
		expect(await settings({ METRICS: "", METRICS_PORT: "" })).toMatchObject({ metrics: true, metricsPort: undefined });
	});
	it("can be set", async () => {
		expect(await settings({ METRICS: "on", METRICS_PORT: "0" })).toMatchObject({ metrics: true, metricsPort: 0 });
		expect(await settings({ METRICS: "off" })).toMatchObject({ metrics: false, metricsPort: undefined });
	});

	it.each([
		[{ METRICS: "OFF" }, 'METRICS is "OFF": it has to be on or off'],
		[{ METRICS_PORT: "-1" }, 'METRICS_PORT is "-1": it has to be a whole number from 0 to 65535'],
		[{ METRICS_PORT: "65536" }, 'METRICS_PORT is "65536": it has to be a whole number from 0 to 65535'],
		[{ METRICS_PORT: "9100", METRICS: "off" }, "METRICS_PORT is 9100, but METRICS is off: there is nothing to show there"],
		[{ METRICS_PORT: "9100", PORT: "9100" }, "METRICS_PORT is 9100, and so is PORT: they have to differ"],
	])("refuses %j", async (env, complaint) => {
		await expect(settings(env)).rejects.toThrow(complaint);
	});
	it("may have the same number as the PORT of a gateway on another node", async () => {
		expect(await settings({ METRICS_PORT: "0", PORT: "0", SERVICES: "radar" })).toMatchObject({ metricsPort: 0 });
	});
	it("refuses a port that is in use", async () => {
		const server = (taken = createServer());
		await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
		const { port } = server.address() as AddressInfo; // of an internet socket
		await expect(settings({ METRICS_PORT: String(port) })).rejects.toThrow(
			`METRICS_PORT is ${port}: something else listens on 127.0.0.1:${port} already`,
		);
	});
});
