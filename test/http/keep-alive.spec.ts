/** Keep-alive: an idle connection stays open longer than in a load balancer, since closing it during a request causes a 502. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { System } from "../support/system.ts";
import { closed } from "../support/transport.ts";

let system: System;
afterEach(() => system.dispose());

async function ask(socket: Socket): Promise<string> {
	socket.write("GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
	return String((await once(socket, "data"))[0]);
}

describe("an idle connection", () => {
	it("outlives those of usual load balancers, reports its timeout, and accepts the next request", async () => {
		system = await System.start();
		const socket = await system.connect();
		const [, seconds = "0"] = /^Keep-Alive: timeout=(\d+)\r$/m.exec(await ask(socket)) ?? [];
		expect(Number(seconds)).toBeGreaterThan(65);
		await pause(7000); // Node's default is five seconds, plus one
		expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 /);
		socket.destroy();
	});
	it("is closed after the seconds of a setting", async () => {
		system = await System.start({ KEEP_ALIVE: "1" });
		const socket = await system.connect();
		expect(await ask(socket)).toMatch(/^Keep-Alive: timeout=1\r$/m);
		await closed(socket);
	});
	it.each(["0", "3601", "long"])("refuses a setting of %s", async (KEEP_ALIVE) => {
		system = System.at(tmpdir(), { KEEP_ALIVE });
		expect(await system.ending()).toMatchObject({
			code: 1,
			output: expect.stringContaining(`KEEP_ALIVE is "${KEEP_ALIVE}": it has to be a whole number from 1 to 3600\n`),
		});
	});
});
