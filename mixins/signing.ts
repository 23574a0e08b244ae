/** Signing - the signers of a context's partitions, on this node's clock, timers and key; what goes wrong is logged, never thrown. */
import type { Keyring } from "../store/keys.ts";
import type { LogPartition } from "../store/log.ts";
import { Signer, type SignerOptions } from "../store/signer.ts";
import type { Timers } from "./timers.ts";

export type Report = SignerOptions["report"];

export const signersOf = (partitions: readonly LogPartition[], keys: Keyring | undefined, timers: Timers, report: Report): Signer[] =>
	keys === undefined
		? []
		: partitions.map(
				(log) =>
					new Signer(log, {
						keys,
						now: () => new Date().toISOString(),
						later: timers.later,
						turn: () => new Promise((resolve) => timers.soon(resolve)),
						report,
					}),
			);
