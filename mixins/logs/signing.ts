/** Signing - creates the signers of a context's partitions with the clock, timers and key of this node; their errors are logged, never thrown. */
import type { Anchors } from "../../store/evidence/anchors.ts";
import type { Keyring } from "../../store/evidence/keys.ts";
import type { LogPartition } from "../../store/log.ts";
import { Signer, type SignerOptions } from "../../store/evidence/signer.ts";
import type { Timers } from "../common/timers.ts";

export type Report = SignerOptions["report"];

/** One signer for each partition; none without a private key. */
export function signersOf(
	partitions: readonly LogPartition[],
	{ keys, anchors }: { readonly keys?: Keyring | undefined; readonly anchors?: Anchors | undefined },
	timers: Timers,
	report: Report,
): Signer[] {
	const { signing, known } = keys ?? {};
	if (!signing || !known) return [];
	return partitions.map(
		(log) =>
			new Signer(log, {
				keys: { signing, known },
				anchors,
				now: () => new Date().toISOString(),
				later: timers.later,
				turn: () => new Promise((resolve) => timers.soon(resolve)),
				report,
			}),
	);
}
