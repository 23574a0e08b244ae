/**
 * Letters - the effect of the bank scenario: each opened account gets one letter of welcome through a port, and a letter of its own records the
 * attempts and the outcome. The opening and the outcome are in two logs, so a process may see the outcome first.
 */
import { FREE } from "../support/access.ts";
import {
	aggregate,
	type AnyEffect,
	type CommandOf,
	effect,
	id,
	type PortPromise,
	recordsAttempt,
	text,
	type Unknown,
} from "../../model/index.ts";
import type { AccountFacts } from "./bank-models.ts";
import type { Past } from "./past.ts";
import type { World } from "./world.ts";

// -- Model -----------------------------------------------------------------------
type Letter = Unknown | { readonly status: "underWay" | "sent" | "refused" | "doubted" };
interface LetterFacts {
	"letter.attempted": { attempt: string };
	"letter.sent": { receipt: string };
	"letter.refused": { code: string; detail: string };
	"letter.doubted": { detail: string };
}
const { command, define, fact } = aggregate<Letter, LetterFacts>();
export const letter = define({
	name: "letter",
	plural: "letters",
	context: "mail",
	reads: FREE,
	statuses: { underWay: "the post was called", sent: "the post has it", refused: "the post refused it", doubted: "it is not known" },
	begins: ["letter.attempted", "letter.sent", "letter.refused"],
	commands: {
		attempt: command(
			{ id: id(), attempt: text() },
			{
				internal: true,
				may: FREE,
				allowedIn: ["unknown", "underWay"],
				decide: (_letter, { attempt }) => [fact("letter.attempted", { attempt })],
				answer: recordsAttempt("letter.attempted"),
			},
		),
		send: command(
			{ id: id(), receipt: text() },
			{
				internal: true,
				may: FREE,
				allowedIn: ["unknown", "underWay", "doubted"],
				decide: (_letter, { receipt }) => [fact("letter.sent", { receipt })],
			},
		),
		refuse: command(
			{ id: id(), code: text(), detail: text() },
			{
				internal: true,
				may: FREE,
				allowedIn: ["unknown", "underWay"],
				decide: (_letter, { code, detail }) => [fact("letter.refused", { code, detail })],
			},
		),
		doubt: command(
			{ id: id(), detail: text() },
			{ internal: true, may: FREE, allowedIn: ["underWay"], decide: (_letter, { detail }) => [fact("letter.doubted", { detail })] },
		),
	},
	asks: {},
	evolve: {
		"letter.attempted": () => ({ status: "underWay" }),
		"letter.sent": () => ({ status: "sent" }),
		"letter.refused": () => ({ status: "refused" }),
		"letter.doubted": () => ({ status: "doubted" }),
	},
});
declare module "../../model/define.ts" {
	interface Commands {
		"letter.attempt": CommandOf<typeof letter, "attempt">;
		"letter.send": CommandOf<typeof letter, "send">;
		"letter.refuse": CommandOf<typeof letter, "refuse">;
		"letter.doubt": CommandOf<typeof letter, "doubt">;
	}
}

// -- Effect ------------------------------------------------------------------------
interface Welcome {
	readonly id?: string;
	readonly to?: string;
	readonly isOver?: true;
}
type Facts = AccountFacts & LetterFacts;
const over = (known: Welcome | null): Welcome => ({ ...known, isOver: true });
const [succeeded, failed, attempted, doubted] = ["letter.send", "letter.refuse", "letter.attempt", "letter.doubt"] as const;
const welcomes = {
	name: "welcomes",
	follows: ["bank", "mail"],
	port: "post",
	subjects: {
		start: {
			"account.opened": (known: Welcome | null, { owner }: { owner: string }, origin: { id: string }) => ({
				...known,
				id: origin.id,
				to: owner,
			}),
		},
		continue: { "letter.sent": over, "letter.refused": over, "letter.doubted": over },
	},
	wanted: ({ id: of, to, isOver }: Welcome) => (of && to && !isOver ? { id: of, request: { to }, cause: "letter" } : null),
};
export function welcomesBy(promise: PortPromise): AnyEffect {
	if (promise === "once") return effect<Welcome, Facts>({ ...welcomes, promise, records: { succeeded, failed } });
	if (promise === "lookup") return effect<Welcome, Facts>({ ...welcomes, promise, records: { succeeded, failed, attempted } });
	return effect<Welcome, Facts>({ ...welcomes, promise, records: { succeeded, failed, attempted, doubted } });
}

// -- Check -------------------------------------------------------------------------
/** How often a letter with these outcomes may have been sent, by the promise of the port. */
const RIGHT: Readonly<Record<PortPromise, Readonly<Record<string, readonly number[]>>>> = {
	once: { sent: [1], refused: [0] },
	lookup: { sent: [1], refused: [0] },
	never: { sent: [1], refused: [0], doubted: [0, 1], "doubted, sent": [1] },
};
/** Letters that were sent or recorded otherwise than the promise of the port allows, and letters that no account has. */
export function wrongLetters({ facts }: Past, { post, config, scheduler }: World): string[] {
	const { promise, letters, heard } = post;
	const opened = facts.filter(({ type }) => type === "account.opened").map((told) => told.id);
	const keyOf = (of: string): string => `welcomes/subject/${of}/letter`;
	const wanted = new Set(opened.map(keyOf));
	const wrong = opened.flatMap((of) => {
		const all = facts.filter((told) => told.id === of && told.type.startsWith("letter.") && told.type !== "letter.attempted");
		const outcome = all.map(({ type }) => type.slice("letter.".length)).join(", ");
		const times = letters.get(keyOf(of)) ?? 0;
		if (outcome.startsWith("doubted")) scheduler.count("letters doubted");
		// the only node that writes letters has a clear answer, and lives
		if (outcome === "doubted" && config.on["welcomes"]?.length === 1 && heard.get(keyOf(of))?.alive)
			return [`the letter of ${of} was answered, and recorded as [doubted]`];
		if (RIGHT[promise][outcome]?.includes(times)) return [];
		return [`the letter of ${of} was sent ${times} times by a port that promises ${promise}, and recorded as [${outcome}]`];
	});
	return [...wrong, ...[...letters.keys()].filter((key) => !wanted.has(key)).map((key) => `${key} was sent for no account`)];
}
