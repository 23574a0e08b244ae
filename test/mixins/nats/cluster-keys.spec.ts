/** CLUSTER_KEY: 32 bytes as base64 or hex, two during a rotation; anything else gets one line without the key. */
import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, it } from "@jest/globals";
import { clusterKeysIn, newClusterKey } from "../../../mixins/nats/cluster-keys.ts";
import { settingsOf } from "../../../node/settings.ts";
import { Folder } from "../../support/folder.ts";

const bytes = randomBytes(32);
const exported = (text: string) => {
	const keys = clusterKeysIn(text);
	return typeof keys === "string" ? keys : keys.map((key) => key.export().toString("hex"));
};

describe("CLUSTER_KEY", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());
	const withKey = (CLUSTER_KEY?: string) =>
		settingsOf({ DATA_DIR: folder.path, SERVICES: "gateway", PORT: "0", NATS_URL: "nats://host", CLUSTER_KEY });

	it.each(["hex", "base64", "base64url"] as const)("is read as %s", (encoding) =>
		expect(exported(bytes.toString(encoding))).toEqual([bytes.toString("hex")]),
	);
	it("can be two keys, the one to send with first", () => {
		const other = randomBytes(32);
		expect(exported(`${other.toString("hex")}, ${bytes.toString("base64")}`)).toEqual([other.toString("hex"), bytes.toString("hex")]);
	});
	it("is made with 32 random bytes", () => {
		expect(exported(newClusterKey())).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
		expect(newClusterKey()).not.toBe(newClusterKey());
	});
	it.each([
		["secret"],
		[randomBytes(31).toString("base64")],
		[randomBytes(33).toString("hex")],
		[`${bytes.toString("hex")},`],
		[`${bytes.toString("hex")},short`],
		[`${bytes.toString("base64")}!`],
	])("%s is refused with one line that does not contain it", async (text) => {
		const refused = withKey(text);
		await expect(refused).rejects.toThrow(
			/^CLUSTER_KEY cannot be read: it has to be 32 random bytes as base64 or hex, e\.g\. from: openssl rand -base64 32$/,
		);
		await expect(refused).rejects.not.toThrow(text);
	});
	it("cannot be three keys", () =>
		expect(withKey([1, 2, 3].map(newClusterKey).join())).rejects.toThrow(
			/^CLUSTER_KEY has 3 keys: there can be one, or two during a rotation$/,
		));
	it("is required with NATS_URL", async () => {
		await expect(withKey()).rejects.toThrow(
			/^NATS_URL needs CLUSTER_KEY, the secret that all nodes of a cluster share; make it once with: openssl rand -base64 32$/,
		);
		await expect(withKey("")).rejects.toThrow(/^NATS_URL needs CLUSTER_KEY/);
		expect((await withKey(newClusterKey())).clusterKeys).toHaveLength(1);
	});
	it("does not show in settings that are printed", async () => {
		const { clusterKeys } = await withKey(bytes.toString("base64"));
		expect(JSON.stringify(clusterKeys)).not.toContain(bytes.toString("base64").slice(0, 8));
	});
});
