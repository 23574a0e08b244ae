/** Shutdown: requests in progress are finished, new ones are refused with 503, and open connections delay it only within the grace period. */
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { AUTHORIZATION, eventually, System } from "../../support/system.ts";
import { closed } from "../../support/transport.ts";
import { answered, expectProblem, ownerOf, person } from "../scenery.ts";

/** The grace period for requests in progress in milliseconds; the rest of the shutdown takes a little longer. */
const GRACE = 10_000;
const BODY = JSON.stringify({ id: "s-half", ...person });
const HEAD = `POST /api/owners HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;

let system: System;
afterEach(() => system.dispose());

/** Sends half a request, and collects the response. */
async function half(): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
	const socket = await system.connect();
	let text = "";
	socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
	socket.on("error", () => undefined); // the server closes it
	socket.write(HEAD + BODY.slice(0, 10));
	return { socket, heard: () => text };
}
/** Sends SIGTERM, and waits until the system is stopping. */
async function stopping(): Promise<void> {
	system.signal("SIGTERM");
	await eventually(async () => expect(answered(503, await system.get("/health/ready")).body["status"]).toBe("stopping"));
}

describe("a system that gets SIGTERM", () => {
	it("refuses new requests, does not execute incomplete ones, and ends in time despite open connections", async () => {
		system = await System.start();
		await ownerOf(system, "s-owner");
		const feed = await system.live();
		await half();
		const later = await half();
		const silent = await system.connect();
		silent.on("error", () => undefined);
		silent.write("GET /api/ow");
		const begun = performance.now();
		await stopping();
		for (const answer of [
			await system.post("/owners", { id: "s-late", ...person }),
			await system.get("/owners"),
			await system.get("/live"),
			await system.ndjson([]),
		]) {
			expectProblem(answer, 503, "STOPPING");
			expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
			expect(answer.headers["connection"]).toBe("close");
		}
		answered(200, await system.get("/health/live"));
		await eventually(() => expect(feed.ended).toBe(true));
		later.socket.write(BODY.slice(10));
		await eventually(() => expect(later.heard()).toMatch(/^HTTP\/1\.1 503 [^]+"code":"STOPPING"/));
		const { code, output } = await system.ended(GRACE + 4000);
		expect(performance.now() - begun).toBeLessThan(GRACE + 3000);
		expect([code, output]).toEqual([0, expect.stringMatching(/Vigie has stopped\n$/)]);
		expect(output).not.toMatch(/ERROR|^\s+at /m);
		await system.up();
		answered(200, await system.get("/owners/s-owner"));
		for (const id of ["s-half", "s-late"]) answered(404, await system.get(`/owners/${id}`));
	});

	it("finishes an upload that ends in time", async () => {
		system = await System.start();
		const socket = await system.connect();
		let text = "";
		socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
		socket.write(
			`POST /api/detections HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n`,
		);
		await eventually(async () => expect((await system.get("/metrics")).text).toMatch(/vigie_http_bulk_received_total\{[^}]*\} 1\n/));
		await stopping();
		socket.write("3\r\n{}\n\r\n0\r\n\r\n");
		await eventually(() => expect(text).toMatch(/^HTTP\/1\.1 200 [^]+"received":2/));
		expect((await system.ended(5000)).code).toBe(0);
	});

	it("ends at once on a second signal", async () => {
		system = await System.start();
		const { socket } = await half();
		await stopping();
		const over = closed(socket);
		system.signal("SIGTERM");
		const { code, output, ms } = await system.ended(5000);
		await over;
		expect([code, ms < 1000, output]).toEqual([1, true, expect.stringMatching(/SIGTERM again: Vigie ends at once\n$/)]);
	});
});
