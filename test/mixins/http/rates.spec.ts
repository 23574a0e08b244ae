/** Rates: which requests count as those of one client, and how its bucket fills. */
import { describe, expect, it } from "@jest/globals";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { callerOf } from "../../../mixins/http/server/callers.ts";
import { Buckets } from "../../../mixins/http/server/rates.ts";

function from(address: string, forwarded?: string): IncomingMessage {
	const req = new IncomingMessage(Object.defineProperty(new Socket(), "remoteAddress", { value: address }));
	if (forwarded !== undefined) req.headers["x-forwarded-for"] = forwarded;
	return req;
}

describe("a client", () => {
	it.each([
		["192.0.2.1", "192.0.2.1"],
		["::ffff:192.0.2.1", "192.0.2.1"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
		["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
		["2001:db8::9", "2001:db8:0:0::/64"],
		["2001:0db8:0001:0002:0000:0000:0000:0000", "2001:db8:1:2::/64"],
		["fe80::1%eth0", "fe80:0:0:0::/64"],
		["1::", "1:0:0:0::/64"],
		["64:ff9b::192.0.2.1", "64:ff9b::192.0.2.1"],
	])("is an address, or the network of an IPv6 address: %s", (address, caller) => {
		expect(callerOf(from(address), false)).toBe(caller);
		expect(callerOf(from("127.0.0.1", address), true)).toBe(caller);
	});
	it.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", ""])("on the same machine has no limit: %s", (address) =>
		expect(callerOf(from(address), false)).toBeNull(),
	);
	it("does not choose its address", () => {
		expect(callerOf(from("192.0.2.1", "192.0.2.7"), false)).toBe("192.0.2.1");
		expect(callerOf(from("127.0.0.1", "192.0.2.7"), false)).toBeNull();
		expect(callerOf(from("10.0.0.1", "127.0.0.1, 192.0.2.7, 192.0.2.8"), true)).toBe("192.0.2.8");
	});
	it.each([
		["192.0.2.1:4711", "192.0.2.1"],
		["[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"],
		["[2001:db8:1:2::9]", "2001:db8:1:2::/64"],
		["192.0.2.7,  192.0.2.1 ", "192.0.2.1"],
		["unknown", null],
		["192.0.2.1, unknown", null],
		["", null],
		["1234", null],
	])("is what the proxy has added last: %s", (forwarded, caller) => expect(callerOf(from("10.0.0.1", forwarded), true)).toBe(caller));
	it("that the proxy does not name has no limit, because all of them would share one", () =>
		expect(callerOf(from("10.0.0.1"), true)).toBeNull());
});

describe("a bucket", () => {
	const taken = (buckets: Buckets, key: string, count: number, now: number): number =>
		Array.from({ length: count }, () => buckets.take(key, 1, now)).filter((wait) => wait === 0).length;

	it("holds ten seconds' worth, and fills at its rate", () => {
		const buckets = new Buckets(5);
		expect(taken(buckets, "a", 100, 0)).toBe(50);
		expect(buckets.take("a", 1, 0)).toBe(200);
		expect(taken(buckets, "a", 100, 199)).toBe(0);
		expect(taken(buckets, "a", 100, 1000)).toBe(5);
		expect(taken(buckets, "a", 100, 1_000_000)).toBe(50);
	});
	it("belongs to one client", () => {
		const buckets = new Buckets(1);
		expect(taken(buckets, "a", 100, 0)).toBe(10);
		expect(taken(buckets, "b", 100, 0)).toBe(10);
	});
	it("may be in debt for what has arrived already", () => {
		const buckets = new Buckets(5);
		expect(buckets.owe("a", 50, 0)).toBe(0);
		expect(buckets.owe("a", 10, 0)).toBe(2000);
		expect(buckets.owe("a", 10, 0)).toBe(4000);
		expect(buckets.owe("a", 0, 3000)).toBe(1000);
	});
	it("has no limit with a rate of 0", () => {
		const buckets = new Buckets(0);
		expect([taken(buckets, "a", 1000, 0), buckets.owe("a", 1e9, 0)]).toEqual([1000, 0]);
	});
	it("is one of few in memory, and stays while it is in use", () => {
		const buckets = new Buckets(1, 100);
		for (let n = 0; n < 10_000; n++) {
			buckets.take(`other ${n}`, 1, 0);
			buckets.take("a", 1, 0);
		}
		expect(buckets.size).toBeLessThanOrEqual(200);
		expect(buckets.take("a", 1, 0)).toBe(1000);
	});
});
