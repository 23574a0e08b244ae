/** OverTls - runs a suite of plain HTTP over TLS: its systems get a certificate, and its clients verify it. */
import { afterAll, describe, it } from "@jest/globals";
import { Folder } from "../../support/folder.ts";
import { onPath } from "../../support/mongo.ts";
import { System } from "../../support/system.ts";
import { certified, secure } from "../../support/transport.ts";

export const hasOpenssl = onPath("openssl");

/** `file`: relative to this folder. */
export async function overTls(file: string): Promise<void> {
	if (!hasOpenssl) return describe.skip(file, () => it("needs openssl", () => undefined));
	const folder = new Folder();
	afterAll(() => folder.remove());
	System.transport = secure(certified(folder, "gateway"));
	await import(file);
}
