/** Keys - copies the keys of personal data to another store, as they are wrapped; destroyed keys are destroyed there, too. */
import type { KeptKey, KeyStore } from "../vault/key-store.ts";
import { MoveRefused, type Watch } from "./terms.ts";

const PAGE = 500;

/** Rejects with MoveRefused if the target has another key of a subject. */
export function copyKeys(from: KeyStore, to: KeyStore, watch: Watch): Promise<void> {
	return watch("keys of personal data", 0, async (advance) => {
		let done = 0;
		for (let keys = await from.page("", PAGE); keys.length > 0; keys = await from.page(keys.at(-1)?.subject ?? "", PAGE)) {
			await copied(keys, to);
			advance((done += keys.length), done);
		}
	});
}

async function copied(keys: readonly KeptKey[], to: KeyStore): Promise<void> {
	const gone = keys.filter(({ wrapped }) => wrapped === null).map(({ subject }) => subject);
	const live = keys.filter(({ wrapped }) => wrapped !== null);
	if (gone.length > 0) await to.destroy(gone);
	if (live.length > 0) await to.keep(live);
	const there = await to.find(live.map(({ subject }) => subject));
	const other = live.find(({ subject, wrapped }) => there.get(subject)?.wrapped !== wrapped);
	if (other) throw new MoveRefused(`the target has another key of ${other.subject}`);
}
