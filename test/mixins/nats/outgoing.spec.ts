/** Outgoing: messages of one turn of the event loop go out together and in order, and a message that is alone does not wait. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Outgoing } from "../../../mixins/nats/outgoing.ts";

const message = (subject: string) => ({ subject, data: Buffer.from(subject) });

describe("messages to NATS", () => {
	it("go out at once if they are alone, else together at the end of the turn, always in order", async () => {
		const sent: string[] = [];
		const outgoing = new Outgoing(({ subject }) => void sent.push(subject));
		outgoing.add(message("1"));
		expect(sent).toEqual(["1"]);
		for (const subject of ["2", "3"]) outgoing.add(message(subject));
		expect(sent).toEqual(["1"]);
		await turn();
		expect(sent).toEqual(["1", "2", "3"]);
		outgoing.add(message("4"));
		expect(sent).toHaveLength(3); // the turn before had several
		await turn();
		outgoing.add(message("5"));
		expect(sent).toEqual(["1", "2", "3", "4", "5"]);
	});
	it("go out before the connection is closed", () => {
		const sent: string[] = [];
		const outgoing = new Outgoing(({ subject }) => void sent.push(subject));
		for (const subject of ["1", "2"]) outgoing.add(message(subject));
		outgoing.flush();
		expect(sent).toEqual(["1", "2"]);
	});
	it("are lost without an error if the connection is closed", async () => {
		const outgoing = new Outgoing(() => {
			throw new Error("CONNECTION_CLOSED");
		});
		for (const subject of ["1", "2"]) outgoing.add(message(subject));
		await turn();
	});
});
