/** Findings - the codes of the findings of a verification, each with its meaning, from the most to the least specific. */
export const FINDINGS = {
	CHANGED_COMMIT: "Stream, version or body of the commit are not those that its hash was made from.",
	CHANGED_HASH: "The hash of the commit is not the hash of its content.",
	REORDERED_COMMIT: "The commit that belongs here is at another position.",
	MISSING_COMMIT: "There is no commit at this position, though there are later ones.",
	MISPLACED_COMMIT: "A commit has a position before the first one.",
	UNREADABLE_COMMIT: "The store cannot return the commit, or its body is not valid.",
	BROKEN_CHAIN: "The commit does not follow from the previous one, and nothing more specific is known.",
	WRONG_VERSION: "The chain is intact, but the stream had another number of facts.",
	TRUNCATED: "The log ends before a signed head: its end was removed.",
	UNSIGNED: "A signed head was kept outside the database, and the log holds no valid one any more.",
	REWRITTEN: "The chain is intact, but it is not the one that was signed.",
	UNKNOWN_KEY: "A head was signed with an unknown key; it proves nothing.",
	BAD_SIGNATURE: "The signature of a head is not valid; it proves nothing.",
} as const;
export type FindingCode = keyof typeof FINDINGS;
