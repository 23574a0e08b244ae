/**
 * Keys - the keys of personal data in a backup: a text with the wrapped keys, useless without the master key. A restore adds them to those that
 * are there and never replaces one, so a key that was destroyed there stays destroyed.
 */
import { existsSync, readFileSync } from "node:fs";
import type { KeptKey, KeyStore } from "../vault/key-store.ts";
import { BackupRefused } from "./manifest.ts";

const PAGE = 500;

/** One key a line. */
export async function keysText(vault: Pick<KeyStore, "page">): Promise<string> {
	const lines: string[] = [];
	for (let keys = await vault.page("", PAGE); keys.length > 0; keys = await vault.page(keys.at(-1)?.subject ?? "", PAGE))
		for (const { subject, master, wrapped } of keys) lines.push(JSON.stringify([subject, master, wrapped]));
	return lines.map((line) => `${line}\n`).join("");
}

/** The keys of a backup; none if it is older than they are. Throws BackupRefused if the file is damaged. */
export function keysFrom(file: string): KeptKey[] {
	if (!existsSync(file)) return [];
	const lines = readFileSync(file, "utf8")
		.split("\n")
		.filter((line) => line !== "");
	return lines.map((line, i) => keyOf(line) ?? damaged(file, i + 1));
}
function keyOf(line: string): KeptKey | null {
	try {
		const [subject, master, wrapped]: unknown[] = JSON.parse(line) as unknown[]; // bytes come in here
		if (typeof subject !== "string" || typeof master !== "string" || (wrapped !== null && typeof wrapped !== "string")) return null;
		return { subject, master, wrapped };
	} catch {
		return null; // the caller reports it
	}
}
function damaged(file: string, line: number): never {
	throw new BackupRefused(`${file} is damaged in line ${line}`);
}

/** Adds keys to a store. */
export async function addKeys(keys: readonly KeptKey[], to: KeyStore): Promise<void> {
	for (let i = 0; i < keys.length; i += PAGE) await to.keep(keys.slice(i, i + PAGE));
}
