/** Connections: how many a gateway serves when all have work in progress, and which of them closes for a new one. */
import { describe, expect, it } from "@jest/globals";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Connections } from "../../../mixins/http/server/connections.ts";
import { Reached } from "../../../mixins/http/server/limits.ts";

const PLACES = 4;
const make = (): Connections =>
	new Connections({ openFiles: 256, connections: PLACES, feeds: 2, clientFeeds: 1 }, new Reached(() => undefined));
function opened(connections: Connections): Socket {
	const socket = new Socket();
	connections.opened(socket);
	return socket;
}
/** Sends a request that stays in progress. */
function requested(connections: Connections, socket: Socket): ServerResponse {
	const req = new IncomingMessage(socket);
	const res = new ServerResponse(req);
	connections.requested(req, res);
	return res;
}
const many = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one);

describe("connections that all have work in progress", () => {
	it("accept a few more only to refuse their requests, also if several wait at a time", () => {
		const connections = make();
		for (const socket of many(PLACES, () => opened(connections))) requested(connections, socket);
		for (let round = 0; round < 3; round++)
			for (const _replaced of many(3, () => opened(connections))) {
				const newest = opened(connections);
				expect(() => requested(connections, newest)).toThrow("All connections of this gateway are in use");
			}
	});
	it("are never more than the limit and 16", () => {
		const connections = make();
		for (let n = 0; n < 100; n++) {
			const socket = opened(connections);
			if (!socket.destroyed) expect([null, "All connections of this gateway are in use"]).toContain(refusal(connections, socket));
			expect(connections.size).toBeLessThanOrEqual(PLACES + 16);
		}
	});
	it("have places again as soon as one of them closes", () => {
		const connections = make();
		const working = many(PLACES, () => opened(connections));
		for (const socket of working) requested(connections, socket);
		working[0]?.emit("close", false);
		expect(refusal(connections, opened(connections))).toBeNull();
		expect(refusal(connections, opened(connections))).not.toBeNull();
	});
});

function refusal(connections: Connections, socket: Socket): string | null {
	try {
		requested(connections, socket);
		return null;
	} catch (error) {
		return String(Object(error).message);
	}
}

describe("a connection over TLS", () => {
	it("keeps its place, and is refused like any other, once its handshake has ended", () => {
		const connections = make();
		for (const socket of many(PLACES, () => opened(connections))) requested(connections, socket);
		const below = opened(connections);
		const encrypted = new Socket();
		connections.secured(encrypted, below);
		expect(connections.size).toBe(PLACES + 1);
		expect(refusal(connections, encrypted)).toBe("All connections of this gateway are in use");
		encrypted.emit("close", false);
		expect(connections.size).toBe(PLACES);
	});
	it("ends if its place was given to another one during the handshake", () => {
		const connections = make();
		const below = opened(connections);
		many(PLACES, () => opened(connections));
		const encrypted = new Socket();
		connections.secured(encrypted, below);
		expect([below.destroyed, encrypted.destroyed, connections.size]).toEqual([true, true, PLACES]);
	});
});
