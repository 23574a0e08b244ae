/**
 * Answers - the answers of commands that wrote nothing (already so, or refused by an invariant) and whose id the caller chose. Each is
 * kept in a stream of its own beside the actor's, so that the repeated command gets it again (LAW 4,
 * docs/decisions/0026-every-answer-is-kept.md).
 */
import { isRefusal, receivedRefusal, type Refusal } from "../../model/index.ts";
import { decode } from "../../store/codec.ts";
import type { Memory } from "../../store/job.ts";
import type { Commit, RecordedFact } from "../../store/log.ts";
import type { Done } from "./envelope.ts";
import { BoundedCache } from "../common/bounded-cache.ts";

/** A kept answer. */
export interface Answered {
	readonly digest: string | undefined;
	readonly answer: Done | Refusal;
}
/** Data of the kept fact. */
type Said = { readonly done: Done } | { readonly refusal: Pick<Refusal, "status" | "code" | "detail"> };

const FACT = "command.answered";
/** Answers kept in memory, including "none". */
const REMEMBERED = 10_000;

export const answeredFact = (answer: Done | Refusal): RecordedFact => {
	const said: Said = isRefusal(answer)
		? { refusal: { status: answer.status, code: answer.code, detail: answer.detail } }
		: { done: answer };
	return { type: FACT, data: said };
};
function answeredIn(commit: Commit): Answered {
	const { facts, command } = decode(commit);
	const said = facts.find(({ type }) => type === FACT)?.data as Said; // our own text
	const answer = "done" in said ? said.done : receivedRefusal(said.refusal.code, said.refusal.status, said.refusal.detail);
	return { digest: command.digest, answer };
}

export class Answers implements Memory {
	readonly #answers = new BoundedCache<Answered | "none">(REMEMBERED);

	/** Undefined if the stream has not been read. */
	get(stream: string): Answered | "none" | undefined {
		return this.#answers.get(stream);
	}
	/** Takes a durable answer into memory. */
	landed(commit: Commit): Answered["answer"] {
		const answered = answeredIn(commit);
		this.#answers.set(commit.stream, answered);
		return answered.answer;
	}

	has(stream: string): boolean {
		return this.#answers.has(stream);
	}
	known(): number {
		return 0;
	}
	load(stream: string, [commit]: readonly Commit[]): void {
		this.#answers.set(stream, commit ? answeredIn(commit) : "none");
	}
	evict(stream: string): void {
		this.#answers.delete(stream);
	}
	clear(): void {
		this.#answers.clear();
	}
}
