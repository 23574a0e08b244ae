/** HOST: an address that other machines can reach is refused at the start unless what they send is encrypted. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { settingsOf } from "../../../node/settings.ts";
import { Folder } from "../../support/folder.ts";
import { System } from "../../support/system.ts";
import { certified } from "../../support/transport.ts";
import { answered, expectProblem, protective } from "../scenery.ts";
import { hasOpenssl } from "../tls/over-tls.ts";

const folder = new Folder();
afterAll(() => folder.remove());
const settings = (env: Record<string, string>) => settingsOf({ DATA_DIR: folder.path, PORT: "0", ...env });
const REMEDY = "set TLS_CERT and TLS_KEY, or BEHIND_PROXY=on if a proxy in front encrypts what clients send";

describe("an address", () => {
	it.each(["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", ""])("of the same machine needs nothing: %j", async (HOST) => {
		expect(await settings({ HOST })).toMatchObject({ behindProxy: false, tls: undefined });
	});
	it.each(["0.0.0.0", "::", "192.0.2.7", "vigie.example.org", "127.example.org", "128.0.0.1"])(
		"that others reach is refused: %s",
		async (HOST) => {
			await expect(settings({ HOST })).rejects.toThrow(new Error(`HOST is "${HOST}", which other machines can reach: ${REMEDY}`));
			await expect(settings({ HOST, BEHIND_PROXY: "off" })).rejects.toThrow("which other machines can reach");
		},
	);
	it("is refused for the metrics, too, but not where no port is open", async () => {
		const HOST = "0.0.0.0";
		await expect(settings({ HOST, SERVICES: "radar", METRICS_PORT: "0" })).rejects.toThrow("which other machines can reach");
		expect(await settings({ HOST, SERVICES: "radar" })).toMatchObject({ host: HOST });
	});
	it.each(["on", "true", "1", "ON"])("that others reach is accepted behind a proxy: %s", async (BEHIND_PROXY) => {
		expect(await settings({ HOST: "0.0.0.0", BEHIND_PROXY })).toMatchObject({ host: "0.0.0.0", behindProxy: true });
	});
	it("that others reach is accepted with a certificate", async () => {
		if (hasOpenssl) expect(await settings({ HOST: "0.0.0.0", ...certified(folder, "own") })).toMatchObject({ behindProxy: false });
	});
	it("needs a clear word about the proxy", async () => {
		await expect(settings({ BEHIND_PROXY: "nginx" })).rejects.toThrow(new Error('BEHIND_PROXY is "nginx": it has to be on or off'));
	});
});

describe("a system", () => {
	let system: System;
	afterEach(() => system.dispose());

	it("ends with one line when others could reach it", async () => {
		system = System.at(folder.file("data"), { HOST: "0.0.0.0" });
		const { code, output } = await system.ending();
		expect([code, output]).toEqual([1, `HOST is "0.0.0.0", which other machines can reach: ${REMEDY}\n`]);
	});
	it("behind a proxy tells browsers to use https, and knows no more hosts", async () => {
		system = await System.start({ HOST: "0.0.0.0", BEHIND_PROXY: "on" });
		const { headers } = answered(200, await system.get("/health/live"));
		expect(headers).toMatchObject({ ...protective, "strict-transport-security": "max-age=31536000" });
		expectProblem(await system.get("/radars", { host: "evil.example", "x-forwarded-host": "localhost" }), 421, "HOST_NOT_ALLOWED");
	});
});
