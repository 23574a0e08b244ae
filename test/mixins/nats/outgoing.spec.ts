/** Outgoing: messages of one turn of the event loop go out together and in order, and a message that is alone does not wait. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Outgoing } from "../../../mixins/nats/outgoing.ts";

const message = (subject: string) => ({ subject, data: Buffer.from(subject) });

describe("messages to NATS", () => {
	it("go out at once while they come alone, and together at the end of a turn while they do not, always in order", async () => {
		const sent: string[] = [];
		let now = 0;
		const outgoing = new Outgoing(
			({ subject }) => void sent.push(subject),
			() => now,
		);
		for (const subject of ["1", "2"]) {
			outgoing.add(message(subject));
			expect(sent.at(-1)).toBe(subject);
			now += 1;
		}
		for (const subject of ["3", "4", "5", "6"]) outgoing.add(message(subject));
		expect(sent).toEqual(["1", "2", "3", "4"]); // the fourth came right after the third
		await turn();
		expect(sent).toEqual(["1", "2", "3", "4", "5", "6"]);
		for (let n = 0; n < 8; n++) {
			outgoing.add(message("alone"));
			expect(sent).toHaveLength(6 + n);
			await turn();
		}
		now += 1;
		outgoing.add(message("7"));
		expect(sent.at(-1)).toBe("7");
	});
	it("go out before the connection is closed", () => {
		const sent: string[] = [];
		const outgoing = new Outgoing(({ subject }) => void sent.push(subject));
		for (const subject of ["1", "2", "3"]) outgoing.add(message(subject));
		outgoing.flush();
		expect(sent).toEqual(["1", "2", "3"]);
	});
	it("are lost without an error if the connection is closed", async () => {
		const outgoing = new Outgoing(() => {
			throw new Error("CONNECTION_CLOSED");
		});
		for (const subject of ["1", "2"]) outgoing.add(message(subject));
		await turn();
	});
});
